package holdfast.machine.swap;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeFalse;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import holdfast.backend.api.BackendId;
import holdfast.backend.api.Backing;
import holdfast.backend.api.ByteSize;
import holdfast.backend.api.RamBlockSpec;
import holdfast.backend.api.RamFlag;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

/** What a plan's time rests on; how long things take is asserted nowhere. */
class CopyEstimateTest {
  private static final Path SHM = Path.of("/dev/shm");

  private final Arena arena = Arena.ofConfined();
  private Path folder;
  private MemorySegment memory;

  @BeforeEach
  void make() throws IOException {
    Path target = Files.createDirectories(Path.of("target").toAbsolutePath());
    folder = Files.createTempDirectory(target, "estimate");
    memory = arena.allocate(ByteSize.mib(4).bytes());
  }

  @AfterEach
  void end() throws IOException {
    arena.close();
    assertEquals(List.of(), files(), "nothing is left of a sample");
    Files.delete(folder);
  }

  private List<Path> files() throws IOException {
    try (Stream<Path> files = Files.list(folder)) {
      return files.toList();
    }
  }

  private static RamBlockSpec spec(Backing backing, RamFlag... flags) {
    return RamBlockSpec.of(new BackendId("m"), backing, ByteSize.mib(4), List.of(flags));
  }

  private static boolean isMemory(Path folder) throws IOException {
    return Files.getFileStore(folder).type().equals("tmpfs");
  }

  @Test
  @DisplayName("a target on a disk: the estimate is of that disk, and names what was written where")
  void disk() throws IOException {
    assumeFalse(isMemory(folder), "the build's folder is no disk");
    RamBlockSpec target = spec(new Backing.File(folder.resolve("new")), RamFlag.RAM_SHARED);

    CopyEstimate estimate = CopyEstimate.of(memory, target);

    assertTrue(
        estimate.basis().contains(" written to " + folder + " "), "the basis: " + estimate.basis());
    assertTrue(estimate.time().isPositive());
    assertEquals(estimate.time(), CopyEstimate.of(memory, target).time(), "measured once a minute");
  }

  @Test
  @DisplayName("a target in memory, or a private one: the speed of memory")
  void memory() throws IOException {
    assumeTrue(Files.isDirectory(SHM) && isMemory(SHM), "needs a tmpfs at " + SHM);
    for (RamBlockSpec target :
        List.of(
            spec(new Backing.Anonymous()),
            spec(new Backing.Memfd(false, ByteSize.ZERO, true), RamFlag.RAM_SHARED),
            spec(new Backing.File(SHM.resolve("new")), RamFlag.RAM_SHARED),
            spec(new Backing.File(folder.resolve("private"))))) {
      CopyEstimate estimate = CopyEstimate.of(memory, target);
      assertEquals("at the speed of memory", estimate.basis(), target::toString);
      assertTrue(estimate.time().isPositive());
    }
  }

  @Test
  @DisplayName("a folder in which nothing can be tried: at least the time that memory takes")
  void notTried() {
    Path nowhere = folder.resolve("none/new");
    assertEquals(
        "at least: at the speed of memory, since the disk could not be tried",
        CopyEstimate.of(memory, spec(new Backing.File(nowhere), RamFlag.RAM_SHARED)).basis());
  }
}
