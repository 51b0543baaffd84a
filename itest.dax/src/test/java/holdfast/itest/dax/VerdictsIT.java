package holdfast.itest.dax;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

/**
 * What the built product says of files in every place that there is, in one guest: cases 1a, 1b and
 * 2 of the MAP_SYNC series, and what libpmem and the JDK think of the same files.
 */
@NeedsGuest
@DisplayName("verdicts on ext4 and xfs with DAX, ext4 without, tmpfs, overlayfs and 9p")
class VerdictsIT {
  private static final String WARNING =
      "failed to validate with mapping flags: Operation not supported";

  private static final List<String> SWITCH = List.of("on", "off");

  private static final String NO_SPACE = "the file system there can't set space aside (EOPNOTSUPP";

  private static Nvdimm one;
  private static Nvdimm two;
  private static Guest guest;

  @BeforeAll
  static void boot() throws IOException, InterruptedException {
    one = Nvdimm.create("verdicts-1", 512);
    two = Nvdimm.create("verdicts-2", 512);
    guest = Guest.boot(one, two);
    for (Place place : Place.values()) {
      guest.run("set -e\n" + place.script()).lines();
    }
  }

  @AfterAll
  static void end() throws IOException {
    if (guest != null) {
      guest.close();
      one.delete();
      two.delete();
    }
  }

  @Test
  @DisplayName("case 1a, the series' own options on ext4 with DAX: no warning, MAP_SYNC in force")
  void seriesOptions() throws IOException, InterruptedException {
    Probe probe =
        Probe.run(
            guest,
            "-object memory-backend-file,id=nv_be4,share,mem-path=/dax/series,size=256M,align=128M,"
                + "pmem=on,share=on -device nvdimm,id=nv4,memdev=nv_be4,label-size=2M");

    System.out.println("case 1a, the product on ext4 with DAX: " + probe.line("nv_be4"));
    assertEquals(List.of(), probe.warnings());
    checkInForce(probe, "nv_be4");
    assertEquals(128 << 20, probe.devices().get("nv_be4").get("size"));
    assertEquals(2 << 20, probe.devices().get("nv_be4").get("label-size"));
    assertEquals(false, probe.devices().get("nv_be4").get("unarmed"));
  }

  @Test
  @DisplayName("a file that has all its blocks, on an xfs with less than its size free: it starts")
  void allocatedFileOnFullXfs() throws IOException, InterruptedException {
    List<String> free =
        guest
            .run("set -e\nfallocate -l 256M /xfs/most\nstat -f -c '%a %S' /xfs | tr ' ' '\\n'\n")
            .lines();
    assertTrue(
        Long.parseLong(free.get(0)) * Long.parseLong(free.get(1)) < 256 << 20, free::toString);

    Probe probe =
        Probe.run(
            guest,
            "-object memory-backend-file,id=most,mem-path=/xfs/most,size=256M,pmem=on,share=on");

    System.out.println("xfs that is full: " + probe.line("most"));
    assertEquals(List.of(), probe.warnings());
    checkInForce(probe, "most");
    guest.run("rm /xfs/most").lines();
  }

  private static void checkInForce(Probe probe, String id) {
    assertEquals("cache-line", probe.granularity(id), id);
    assertEquals(List.of("RAM_SHARED", "RAM_PMEM", "RAM_SYNC"), probe.obtained(id), id);
    assertEquals("MAP_SHARED_VALIDATE|MAP_SYNC: ok", probe.evidence(id, "mmap"), id);
    assertTrue(probe.showsSync(id), id);
  }

  private static String id(Place place, String pmem, String share) {
    return place.name().toLowerCase(Locale.ROOT) + "-" + pmem + "-" + share;
  }

  private static String object(Place place, String pmem, String share) {
    String id = id(place, pmem, share);
    return "-object memory-backend-file,id=%s,mem-path=%s/%s,size=2M,pmem=%s,share=%s "
        .formatted(id, place.folder(), id, pmem, share);
  }

  /** The backends of a place that were warned of something. */
  private record Warned(Place place, List<String> ofSync, List<String> ofSpace) {}

  private static List<String> warned(Probe probe, Place place, String words) {
    return SWITCH.stream()
        .flatMap(pmem -> SWITCH.stream().map(share -> id(place, pmem, share)))
        .filter(
            id ->
                probe.warnings().stream()
                    .anyMatch(line -> line.contains("'" + id + "'") && line.contains(words)))
        .toList();
  }

  @Test
  @DisplayName("cases 1a, 1b and 2: each combination of pmem and share in each place")
  void everyCombination() throws IOException, InterruptedException {
    StringBuilder arguments = new StringBuilder();
    for (Place place : Place.values()) {
      for (String pmem : SWITCH) {
        arguments.append(object(place, pmem, "on")).append(object(place, pmem, "off"));
      }
    }

    Probe probe = Probe.run(guest, arguments.toString());

    for (Place place : Place.values()) {
      for (String pmem : SWITCH) {
        for (String share : SWITCH) {
          String id = id(place, pmem, share);
          System.out.println("verdict, " + id + ": " + probe.line(id));
        }
      }
    }
    List<Warned> expected = new ArrayList<>();
    List<Warned> warned = new ArrayList<>();
    for (Place place : Place.values()) {
      String id = id(place, "on", "on");
      expected.add(
          new Warned(
              place,
              place.grantsSync() ? List.of() : List.of(id),
              place.allocates() ? List.of() : List.of(id, id(place, "off", "on"))));
      warned.add(new Warned(place, warned(probe, place, WARNING), warned(probe, place, NO_SPACE)));
      if (place.grantsSync()) {
        checkInForce(probe, id);
      } else {
        assertEquals(place.byKernel(), probe.granularity(id), id);
        assertEquals(List.of("RAM_SHARED", "RAM_PMEM"), probe.obtained(id), id);
        assertEquals("MAP_SHARED_VALIDATE|MAP_SYNC: EOPNOTSUPP", probe.evidence(id, "mmap"), id);
        assertFalse(probe.showsSync(id), id);
      }
      checkNeverAsked(probe, id(place, "off", "on"), place.byKernel());
      checkNeverAsked(probe, id(place, "on", "off"), "none");
      checkNeverAsked(probe, id(place, "off", "off"), "none");
    }
    assertEquals(expected, warned, () -> probe.warnings().toString());
    long warnings = expected.stream().mapToLong(w -> w.ofSync().size() + w.ofSpace().size()).sum();
    assertEquals(warnings, probe.warnings().size(), () -> probe.warnings().toString());
  }

  private static void checkNeverAsked(Probe probe, String id, String granularity) {
    assertEquals(granularity, probe.granularity(id), id);
    assertFalse(probe.obtained(id).toString().contains("RAM_SYNC"), id);
    assertFalse(probe.evidence(id, "mmap").contains("SYNC"), id);
    assertFalse(probe.showsSync(id), id);
  }

  @Test
  @DisplayName("libpmem and the JDK take for persistent memory what the product does, and no more")
  void othersAgree() throws IOException, InterruptedException {
    StringBuilder script = new StringBuilder();
    StringBuilder files = new StringBuilder();
    for (Place place : Place.values()) {
      String file = place.folder() + "/views";
      script.append("truncate -s 2M ").append(file).append('\n');
      files.append(file).append(' ');
    }
    script.append(Build.view(files.toString()));

    List<String> lines = guest.run(script.toString()).lines();

    List<String> expected = new ArrayList<>();
    for (Place place : Place.values()) {
      expected.add(
          "%s/views %b %b".formatted(place.folder(), place.grantsSync(), place.grantsSync()));
    }
    lines.forEach(line -> System.out.println("is persistent memory to libpmem, the JDK: " + line));
    assertEquals(expected, lines);
  }
}
