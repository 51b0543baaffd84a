package holdfast.itest.dax;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

/**
 * What is at stake: mappings without MAP_SYNC of files on ext4 mounted with DAX. Were no record
 * lost here, {@link MapSyncContract} would prove nothing.
 */
@NeedsGuest
@DisplayName("without MAP_SYNC on ext4 mounted with DAX")
class WithoutMapSyncIT {
  private static final long KILL_AT = 100;
  private static final String FILES =
      """
      truncate -s 8M sparse
      fallocate -l 8M fallocated
      sync
      """;

  private static PowerCutRig rig;

  @BeforeAll
  static void boot() throws IOException, InterruptedException {
    rig = new PowerCutRig("WithoutMapSyncIT", DaxFileSystem.EXT4);
  }

  @AfterAll
  static void end() throws IOException {
    if (rig != null) {
      rig.close();
    }
  }

  @Test
  @DisplayName("negative control: the same writer and flushes on a mapping without it lose records")
  void cacheFlushesAloneLoseRecords() throws IOException, InterruptedException {
    Guest guest = rig.newFileSystem(FILES);
    String seam = "-D" + AllocatorWithoutMapSync.ENABLED + "=true";
    WriterVm machine =
        WriterVm.start(
            guest, 1, "writer.jar", seam, NvdimmOption.smallOfEachKind("pmem=on,share=on"));

    List<PowerCutRig.Found> found = rig.cut(List.of(machine), () -> machine.awaitRecord(KILL_AT));

    found.forEach(file -> System.out.println("negative control, ext4: " + file));
    for (PowerCutRig.Found file : found) {
      assertFalse(file.region().mmap().contains("MAP_SYNC"), file::toString);
      assertTrue(file.reported() >= KILL_AT, file::toString);
      assertTrue(file.survived() < file.reported(), file::toString);
    }
  }

  @Test
  @DisplayName("pmem=off: granularity page, persist is msync(2), each persisted record survives")
  void pmemOffPersistsWithMsync() throws IOException, InterruptedException {
    Guest guest = rig.newFileSystem(FILES);
    WriterVm machine =
        WriterVm.start(
            guest, 1, "writer.jar", "", NvdimmOption.smallOfEachKind("pmem=off,share=on"));

    List<PowerCutRig.Found> found = rig.cut(List.of(machine), () -> machine.awaitRecord(KILL_AT));

    found.forEach(file -> System.out.println("pmem=off, ext4: " + file));
    assertEquals(List.of(), machine.warnings());
    assertEquals(List.of("page"), machine.granularities());
    for (PowerCutRig.Found file : found) {
      assertEquals("page", file.region().granularity());
      assertEquals(
          file.nvdimm().staysSparse() ? "MAP_SHARED|MAP_NORESERVE: ok" : "MAP_SHARED: ok",
          file.region().mmap());
      assertEquals("msync(MS_SYNC)", file.region().persist());
      assertEquals(file.reported(), file.survived(), file::toString);
      assertEquals(file.nvdimm().size(), file.size(), file::toString);
    }
  }
}
