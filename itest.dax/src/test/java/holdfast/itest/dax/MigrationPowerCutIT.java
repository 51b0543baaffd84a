package holdfast.itest.dax;

import static org.junit.jupiter.api.Assertions.assertAll;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Predicate;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Guests migrate between machines whose NVDIMMs are files on ext4 and on xfs with DAX, all on one
 * host. Each migration stands at another {@link MigrationHalt} when the power of that host is cut,
 * once for all. After the next boot the machines are started again.
 */
@NeedsGuest
@DisplayName("a migration that is cut off by a power cut")
class MigrationPowerCutIT {
  private static final int NVDIMM_MIB = 512;
  private static final Duration LIMIT = Duration.ofMinutes(4);
  private static final int PORT = 1;

  /** How many records a guest that works must have stored before the cut. */
  private static final int LATER = 10;

  private static List<List<String>> reports = List.of();
  private static final Map<List<String>, String> VERDICTS = new HashMap<>();
  private static List<String> proved = List.of();

  /** How many of a guest's reported records are in a file. */
  private static final Map<NvdimmOption, Long> SURVIVED = new HashMap<>();

  private static String checks = "";

  @BeforeAll
  static void cutThePower() throws IOException, InterruptedException {
    Nvdimm ext4 = Nvdimm.create("MigrationPowerCutIT-ext4", NVDIMM_MIB);
    Nvdimm xfs = Nvdimm.create("MigrationPowerCutIT-xfs", NVDIMM_MIB);
    try {
      try (Guest host = Guest.boot(ext4, xfs)) {
        migrate(host);
        host.cutPower();
        host.report(PORT).awaitEnd();
        reports = lines(host);
      }
      try (Guest host = Guest.boot(ext4, xfs)) {
        judge(host);
      }
    } finally {
      ext4.delete();
      xfs.delete();
    }
  }

  @AfterAll
  static void print() {
    for (MigrationHalt halt : MigrationHalt.values()) {
      System.out.printf(
          "migration cut at %s: %d records were reported by machine 1 and %d by machine 2; in the"
              + " files of machine 1 are %s, of machine 2 %s; refused: %s; %s%n",
          halt,
          records(halt, 1).count(),
          records(halt, 2).count(),
          survived(halt, 1),
          survived(halt, 2),
          refusal(halt, 1, "start"),
          refusal(halt, 2, "start"));
    }
  }

  private static String script(String first, String second) {
    return "set -e\n" + first + "\n" + second + "\n";
  }

  private static void migrate(Guest host) throws IOException, InterruptedException {
    host.run(
            script(
                DaxFileSystem.EXT4.make(0, MigrationHalt.FOLDERS.get(0)),
                DaxFileSystem.XFS.make(1, MigrationHalt.FOLDERS.get(1))))
        .lines();
    Guest.Running running =
        host.start(
            "mkdir /run/migration; exec "
                + Build.library(
                    MigrationHost.class, "/dev/holdfast/report" + PORT + " /run/migration"));
    for (MigrationHalt halt : MigrationHalt.values()) {
      await(host, running, "at\t" + halt, line -> line.equals("at\t" + halt));
    }
    for (MigrationHalt halt : MigrationHalt.values()) {
      if (worksAt(halt).isPresent()) {
        String begin = "record\t" + halt + "\t" + worksAt(halt).get() + "\t";
        long so = numbers(lines(host), halt, worksAt(halt).get()).max(Long::compare).orElse(0L);
        String record = begin + (so + LATER) + "\t";
        await(host, running, record, line -> line.startsWith(record));
      }
    }
  }

  /** In which machine a guest works when the power is cut; in none while it changes places. */
  private static Optional<Integer> worksAt(MigrationHalt halt) {
    return switch (halt) {
      case ACTIVE -> Optional.of(1);
      case OWNED, COMPLETED, HANDED_OVER -> Optional.of(2);
      case READY, COMMITTED -> Optional.empty();
    };
  }

  private static void await(
      Guest host, Guest.Running running, String what, Predicate<String> wanted)
      throws IOException, InterruptedException {
    Optional<String> line =
        host.report(PORT).await(LIMIT, one -> wanted.test(one) || one.startsWith("failed"));
    if (line.isEmpty() || !wanted.test(line.get())) {
      List<String> so = host.report(PORT).linesSoFar();
      throw host.lost(
          "not '"
              + what
              + "', but "
              + line
              + " behind "
              + so.subList(Math.max(0, so.size() - 20), so.size())
              + running.out()
              + running.err());
    }
  }

  private static List<List<String>> lines(Guest host) {
    return host.report(PORT).linesSoFar().stream().map(line -> List.of(line.split("\t"))).toList();
  }

  private static void judge(Guest host) throws IOException, InterruptedException {
    host.run(
            script(
                DaxFileSystem.EXT4.mount(0, MigrationHalt.FOLDERS.get(0)),
                DaxFileSystem.XFS.mount(1, MigrationHalt.FOLDERS.get(1))))
        .lines();
    // Before a start, which might change what it is about.
    StringBuilder reader = new StringBuilder(Build.reader());
    List<NvdimmOption> looked = new ArrayList<>();
    for (MigrationHalt halt : MigrationHalt.values()) {
      for (NvdimmOption nvdimm : files(halt)) {
        reader.append(
            "%s %s 0 %d -1 %d ".formatted(nvdimm.id(), nvdimm.file(), nvdimm.size(), last(halt)));
        looked.add(nvdimm);
      }
    }
    List<String> found = host.run(reader.toString()).lines();
    for (int i = 0; i < looked.size(); i++) {
      SURVIVED.put(looked.get(i), Long.valueOf(found.get(i).split(" ", -1)[1]));
    }
    List<List<String>> said =
        host.run(Build.library(MigrationJudge.class, "")).lines().stream()
            .map(line -> List.of(line.split("\t", -1)))
            .toList();
    for (List<String> line : said) {
      if (line.getFirst().equals("verdict")) {
        VERDICTS.put(line.subList(1, 4), line.get(4));
      }
    }
    proved = said.stream().filter(l -> l.getFirst().equals("proved")).map(l -> l.get(1)).toList();
    checks =
        host.run(
                        script(
                            DaxFileSystem.EXT4.check(0, MigrationHalt.FOLDERS.get(0)),
                            DaxFileSystem.XFS.check(1, MigrationHalt.FOLDERS.get(1))))
                    .status()
                == 0
            ? ""
            : "a file system is not in order";
  }

  private static List<NvdimmOption> files(MigrationHalt halt) {
    return Stream.of(1, 2).flatMap(vm -> halt.nvdimms(vm).stream()).toList();
  }

  private static Stream<Long> numbers(List<List<String>> lines, MigrationHalt halt, int vm) {
    return lines.stream()
        .filter(line -> line.getFirst().equals("record"))
        .filter(line -> line.subList(1, 3).equals(List.of("" + halt, "" + vm)))
        .map(line -> Long.valueOf(line.get(3)));
  }

  private static Stream<Long> records(MigrationHalt halt, int vm) {
    return numbers(reports, halt, vm);
  }

  /** The last record that a guest has reported, wherever it was. */
  private static long last(MigrationHalt halt) {
    return Stream.concat(records(halt, 1), records(halt, 2)).max(Long::compare).orElse(0L);
  }

  private static List<Long> survived(MigrationHalt halt, int vm) {
    return halt.nvdimms(vm).stream().map(one -> SURVIVED.getOrDefault(one, -1L)).toList();
  }

  /** Why that is refused; empty if it is not. */
  private static String refusal(MigrationHalt halt, int vm, String asked) {
    return VERDICTS.getOrDefault(List.of("" + halt, "" + vm, asked), "nothing was asked");
  }

  /** That a machine starts or is refused, and each of its files by itself as well. */
  private static void check(MigrationHalt halt, int vm, boolean good, String why) {
    List<Executable> all = new ArrayList<>();
    for (String asked : List.of("a", "b", "start")) {
      String refusal = refusal(halt, vm, asked);
      String what = halt + " machine " + vm + " " + asked + ": " + refusal;
      all.add(() -> assertEquals(good, refusal.isEmpty(), what));
      all.add(() -> assertTrue(refusal.contains(why), what));
    }
    assertAll(all);
  }

  private static void checkHasAll(MigrationHalt halt, int vm) {
    assertEquals(List.of(last(halt), last(halt)), survived(halt, vm));
  }

  @Test
  @DisplayName("each file of each guest has MAP_SYNC, and each record was at cache lines")
  void withMapSync() {
    List<List<String>> regions =
        reports.stream().filter(line -> line.getFirst().equals("region")).toList();
    assertEquals(MigrationHalt.values().length * 4, regions.size());
    for (List<String> f : regions) {
      new WriterVm.RegionLine(
              f.get(3),
              f.get(4),
              f.get(5),
              f.get(6),
              f.get(7),
              f.get(8),
              Long.parseLong(f.get(9)),
              Long.parseLong(f.get(10)))
          .checkMapSyncInForce();
    }
    assertEquals(
        List.of("cache-line"),
        reports.stream()
            .filter(line -> line.getFirst().equals("record"))
            .map(line -> line.get(4))
            .distinct()
            .toList());
    assertEquals("", checks);
  }

  @ParameterizedTest
  @EnumSource(
      value = MigrationHalt.class,
      names = {"ACTIVE", "READY"})
  @DisplayName("before the commit: the source starts with each persisted record, its copy doesn't")
  void beforeTheCommit(MigrationHalt halt) {
    check(halt, 1, true, "");
    check(halt, 2, false, halt == MigrationHalt.ACTIVE ? "unfinished copy" : "was received from");
    checkHasAll(halt, 1);
    assertEquals(0, records(halt, 2).count());
    for (String file : MigrationHalt.BACKENDS) {
      assertEquals(
          halt == MigrationHalt.ACTIVE,
          refusal(halt, 2, "incoming " + file).isEmpty(),
          "a whole copy, which may be the good one, is not overwritten");
    }
    if (halt == MigrationHalt.ACTIVE) {
      assertTrue(survived(halt, 2).stream().anyMatch(found -> found < last(halt)));
    }
  }

  @Test
  @DisplayName(
      "right after the commit: neither starts until it is looked whether the source has let go, as"
          + " the refusal says; then the copy does, with each persisted record")
  void rightAfterTheCommit() {
    MigrationHalt halt = MigrationHalt.COMMITTED;
    check(halt, 1, false, "its guest has moved to");
    check(halt, 2, false, "was received from");
    for (String file : MigrationHalt.BACKENDS) {
      assertFalse(refusal(halt, 2, "incoming " + file).isEmpty(), "it is the good one");
    }
    assertEquals(List.of("" + halt), proved);
    assertFalse(refusal(halt, 1, "start again").isEmpty());
    assertEquals("", refusal(halt, 2, "start again"));
    checkHasAll(halt, 2);
    assertEquals(0, records(halt, 2).count());
  }

  @ParameterizedTest
  @EnumSource(
      value = MigrationHalt.class,
      names = {"OWNED", "COMPLETED"})
  @DisplayName(
      "when the guest is there, whether the source knows or not: the destination starts with each"
          + " record that was persisted on either side, the source doesn't")
  void afterTheCommit(MigrationHalt halt) {
    check(halt, 1, false, "its guest has moved to");
    check(halt, 2, true, "");
    checkHasAll(halt, 2);
    long left = records(halt, 1).max(Long::compare).orElseThrow();
    assertEquals(left + 1, records(halt, 2).min(Long::compare).orElseThrow(), "where it goes on");
    assertEquals(List.of(left, left), survived(halt, 1), "nobody has stored there since");
  }

  @Test
  @DisplayName(
      "when the files were handed over, either machine starts from them, with each record that was"
          + " persisted in either, and each at a cache line with MAP_SYNC")
  void handedOver() {
    MigrationHalt halt = MigrationHalt.HANDED_OVER;
    check(halt, 1, true, "");
    check(halt, 2, true, "");
    checkHasAll(halt, 2);
    long left = records(halt, 1).max(Long::compare).orElseThrow();
    assertEquals(left + 1, records(halt, 2).min(Long::compare).orElseThrow(), "where it goes on");
  }
}
