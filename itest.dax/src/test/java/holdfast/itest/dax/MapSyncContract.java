package holdfast.itest.dax;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Case 1a of the MAP_SYNC series on a real DAX file system: MAP_SYNC is in force, and what was
 * persisted survives when the power is cut.
 */
@NeedsGuest
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
abstract class MapSyncContract {
  private static final String PMEM = "pmem=on,share=on";
  private static final String FILES =
      """
      truncate -s 8M sparse
      fallocate -l 8M fallocated
      fallocate -l 256M file2
      sync
      """;

  private PowerCutRig rig;

  abstract DaxFileSystem fileSystem();

  /** The numbers of the records at which the power is cut; each costs a guest. */
  abstract List<Long> killPoints();

  @BeforeAll
  void boot() throws IOException, InterruptedException {
    rig = new PowerCutRig(getClass().getSimpleName(), fileSystem());
  }

  /** The guest with a new file system, and files of each kind on it. */
  Guest newFiles() throws IOException, InterruptedException {
    return rig.newFileSystem(FILES);
  }

  @AfterAll
  void end() throws IOException {
    if (rig != null) {
      rig.close();
    }
  }

  static List<NvdimmOption> everyKindOfFile() {
    List<NvdimmOption> files = new ArrayList<>(NvdimmOption.smallOfEachKind(PMEM));
    files.addFirst(NvdimmOption.ofSeries("/dax/file1"));
    return files;
  }

  @Test
  @DisplayName("case 1a: VM 1 and VM 2, the power is cut: each persisted record of both survives")
  void persistedRecordsOfTwoMachinesSurvive() throws IOException, InterruptedException {
    Guest guest = newFiles();
    WriterVm one = WriterVm.start(guest, 1, "writer.jar", "", everyKindOfFile());
    WriterVm two =
        WriterVm.start(guest, 2, "writer.jar", "", List.of(NvdimmOption.ofSeries("/dax/file2")));

    checkCut(
        List.of(one, two),
        () -> {
          two.awaitRecord(20);
          one.awaitRecord(40);
        });
  }

  @ParameterizedTest
  @MethodSource("killPoints")
  @DisplayName("case 1a: no warning, MAP_SYNC in force; each persisted record survives the cut")
  void persistedRecordsSurvive(long killAt) throws IOException, InterruptedException {
    Guest guest = newFiles();
    WriterVm machine = WriterVm.start(guest, 1, "writer.jar", "", everyKindOfFile());

    checkCut(List.of(machine), () -> machine.awaitRecord(killAt));
  }

  /** Cuts the power, and checks that MAP_SYNC was in force and each reported record is there. */
  void checkCut(List<WriterVm> machines, PowerCutRig.Moment moment)
      throws IOException, InterruptedException {
    List<PowerCutRig.Found> found = rig.cut(machines, moment);

    found.forEach(file -> System.out.println("case 1a, " + fileSystem() + ": " + file));
    for (WriterVm machine : machines) {
      assertEquals(List.of(), machine.warnings());
      assertEquals(List.of("cache-line"), machine.granularities());
    }
    for (PowerCutRig.Found file : found) {
      file.region().checkMapSyncInForce();
      assertTrue(file.reported() > 0, file::toString);
      assertEquals(file.reported(), file.survived(), file::toString);
      assertEquals(file.nvdimm().size(), file.size(), file::toString);
      if (file.nvdimm().staysSparse()) {
        assertTrue(file.allocated() > 0 && file.allocated() < file.size(), file::toString);
      } else {
        assertTrue(file.allocated() >= file.size(), file::toString);
      }
      assertEquals(file.nvdimm().labelMib() > 0, file.labelled(), file::toString);
    }
  }
}
