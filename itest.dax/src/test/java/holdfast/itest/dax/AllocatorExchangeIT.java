package holdfast.itest.dax;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

/**
 * The allocator for persistent memory comes to a machine that is at work, or goes, and the power is
 * cut right after.
 */
@NeedsGuest
@DisplayName("an allocator exchanged on ext4 with DAX")
class AllocatorExchangeIT {
  private static final long EXCHANGE_AT = 60;
  private static final long KILL_AFTER = 20;
  private static final String FILES = "truncate -s 8M sparse; fallocate -l 8M fallocated; sync";

  private static PowerCutRig rig;

  @BeforeAll
  static void boot() throws IOException, InterruptedException {
    rig = new PowerCutRig("AllocatorExchangeIT", DaxFileSystem.EXT4);
  }

  @AfterAll
  static void end() throws IOException {
    if (rig != null) {
      rig.close();
    }
  }

  private static List<NvdimmOption> nvdimms() {
    return List.of(
        NvdimmOption.ofSeries("/dax/file1"),
        NvdimmOption.small("sparse", "/dax/sparse", "pmem=on,share=on"),
        NvdimmOption.small("fallocated", "/dax/fallocated", "pmem=on,share=on"));
  }

  private static String exchange() {
    return "-D" + GuestWriter.EXCHANGE_AT + "=" + EXCHANGE_AT + " ";
  }

  /** A cut some records after the exchange is done. */
  private static List<PowerCutRig.Found> cutAfterExchange(WriterVm machine)
      throws IOException, InterruptedException {
    return rig.cut(
        List.of(machine),
        () -> {
          machine.awaitLine("exchanged");
          machine.awaitRecord(machine.lastSoFar() + KILL_AFTER);
        });
  }

  private static Path daxBundle() throws IOException {
    try (Stream<Path> files = Files.list(Build.path("backend.dax/target"))) {
      return files
          .filter(file -> file.toString().endsWith("SNAPSHOT.jar"))
          .findFirst()
          .orElseThrow();
    }
  }

  @Test
  @DisplayName(
      "upgrade: page and a warning; backend.dax comes: cache-line, and the warning is taken back;"
          + " nothing is lost")
  void upgrade() throws IOException, InterruptedException {
    Guest guest = rig.newFileSystem(FILES);
    String install = "-D" + AllocatorExchange.INSTALL + "=reference:file:" + daxBundle() + " ";
    WriterVm machine =
        WriterVm.start(guest, 1, "writer-without-dax.jar", exchange() + install, nvdimms());

    List<PowerCutRig.Found> found = cutAfterExchange(machine);

    print("upgrade", machine, found);
    assertEquals(List.of("page", "cache-line"), machine.granularities());
    for (NvdimmOption nvdimm : nvdimms()) {
      assertEquals("page", machine.region(nvdimm.id()).granularity());
      List<String> change = lastChange(machine, nvdimm.id());
      assertEquals("cache-line", change.get(2));
      assertTrue(change.get(3).contains("RAM_SYNC"), change::toString);
      assertEquals("MAP_SHARED_VALIDATE|MAP_SYNC: ok", change.get(4));
    }
    List<String> said = machine.warnings();
    List<String> takenBack =
        said.stream().filter(line -> line.contains("the granularity is cache-line now")).toList();
    assertEquals(nvdimms().size(), takenBack.size(), said::toString);
    checkWarnedOfEach(said.stream().filter(line -> !takenBack.contains(line)).toList());
    checkAllSurvived(found);
  }

  @Test
  @DisplayName("downgrade: backend.dax goes: reported, then page; nothing is lost")
  void downgrade() throws IOException, InterruptedException {
    Guest guest = rig.newFileSystem(FILES);
    WriterVm machine = WriterVm.start(guest, 1, "writer.jar", exchange(), nvdimms());

    List<PowerCutRig.Found> found = cutAfterExchange(machine);

    print("downgrade", machine, found);
    assertEquals(List.of("cache-line", "page"), machine.granularities());
    for (NvdimmOption nvdimm : nvdimms()) {
      machine.region(nvdimm.id()).checkMapSyncInForce();
      assertEquals("page", lastChange(machine, nvdimm.id()).get(2));
    }
    checkWarnedOfEach(machine.warnings());
    checkReportedBeforeAccepted(machine);
    checkAllSurvived(found);
  }

  private static void checkWarnedOfEach(List<String> warnings) {
    String shortfall = "the granularity is page, not cache-line";
    for (NvdimmOption nvdimm : nvdimms()) {
      String id = "'" + nvdimm.id() + "'";
      assertTrue(
          warnings.stream().anyMatch(line -> line.contains(id) && line.contains(shortfall)),
          () -> id + " is not in " + warnings);
    }
    assertEquals(nvdimms().size(), warnings.size(), warnings::toString);
  }

  /**
   * A record's granularity is the weakest of its regions'. When the first of them is reported as
   * changed, one record may be on its way whose persist there was over before; of those behind it
   * none has the old granularity.
   */
  private static void checkReportedBeforeAccepted(WriterVm machine) throws InterruptedException {
    List<String> granularities = new ArrayList<>();
    boolean changed = false;
    for (List<String> line : machine.lines()) {
      changed |= line.getFirst().equals("changed");
      if (changed && line.getFirst().equals("record")) {
        granularities.add(line.get(2));
      }
    }
    assertTrue(granularities.size() > 1, granularities::toString);
    assertEquals(
        List.of("page"),
        granularities.subList(1, granularities.size()).stream().distinct().toList());
  }

  private static List<String> lastChange(WriterVm machine, String id) throws InterruptedException {
    return machine.lines().stream()
        .filter(line -> line.getFirst().equals("changed") && line.get(1).equals(id))
        .reduce((first, second) -> second)
        .orElseThrow(() -> new AssertionError(id + " did not change"));
  }

  private static void print(String what, WriterVm machine, List<PowerCutRig.Found> found)
      throws InterruptedException {
    for (PowerCutRig.Found file : found) {
      System.out.printf(
          "%s, ext4 at record %d: %s; then granularity %s%n",
          what, EXCHANGE_AT, file, lastChange(machine, file.nvdimm().id()).get(2));
    }
  }

  private static void checkAllSurvived(List<PowerCutRig.Found> found) {
    for (PowerCutRig.Found file : found) {
      assertTrue(file.reported() > EXCHANGE_AT, file::toString);
      assertEquals(file.reported(), file.survived(), file::toString);
      assertEquals(file.nvdimm().size(), file.size(), file::toString);
    }
  }
}
