package holdfast.backend.mmap;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import holdfast.backend.api.Granularity;
import holdfast.backend.api.RamBlock;
import holdfast.backend.api.RamBlockException;
import holdfast.backend.api.RamBlockSpec;
import holdfast.backend.api.RamFlag;
import holdfast.backend.mmap.style.MappingStyle;
import holdfast.host.linux.KernelConstants;
import holdfast.host.testkit.FaultyLibc;
import holdfast.host.testkit.LeakCheck;
import holdfast.host.testkit.RecordedCall;
import holdfast.host.testkit.Storage;
import holdfast.host.testkit.SystemCall;
import java.io.IOException;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * The mapper on hosts with other constants: on simulated DAX, so that MAP_SYNC would be granted to
 * whoever asks for it.
 */
class ForeignConstantsTest {
  private static final long EXT4 = 0xEF53;
  private static final int MAP_SYNC_OF_OTHERS = 0x80000;
  private static final MappingStyle PMEM = MappingStyle.pmem("dax", new FlushOracle());

  private Path folder;
  private RamBlockSpec spec;

  @BeforeEach
  void makeFile() throws IOException {
    folder = Storage.simulatedDax().newFolder();
    Path file = folder.resolve("file");
    spec = Bench.pmemSpec(Files.write(file, Bench.content(Bench.SIZE)));
  }

  @AfterEach
  void removeFile() throws IOException {
    Storage.remove(folder);
  }

  private static FaultyLibc libc(KernelConstants constants) {
    return new FaultyLibc(ForeignLibc.with(constants))
        .withSync(FaultyLibc.SyncAnswer.TAKEN)
        .withFileSystem(EXT4);
  }

  /** Maps, stores, persists and re-maps without MAP_SYNC, and silently. */
  private void mapsWithoutSync(KernelConstants constants, String reason)
      throws IOException, RamBlockException {
    FaultyLibc libc = libc(constants);
    try (LogCapture log = new LogCapture();
        LeakCheck leaks = LeakCheck.start(libc, folder)) {
      RamMapper mapper = new RamMapper(libc, Path.of("/sys"));
      RamBlock block = mapper.map(spec, PMEM);
      block.segment().set(ValueLayout.JAVA_BYTE, 5, (byte) 77);
      block.persist(0, 4096);
      block = mapper.remap(block, MappingStyle.kernel("file"));
      block = mapper.remap(block, PMEM);
      assertEquals((byte) 77, block.segment().get(ValueLayout.JAVA_BYTE, 5));
      assertFalse(block.obtained().contains(RamFlag.RAM_SYNC));
      assertEquals(Granularity.PAGE, block.durability().obtained());
      String said = block.durability().reason();
      assertTrue(said.contains(reason), said);
      block.close();
      assertEquals(List.of(), log.complaints());
    }
    assertFalse(libc.made(SystemCall.MSYNC).isEmpty());
    int ofTheFile = 0;
    for (RecordedCall made : libc.made(SystemCall.MMAP)) {
      assertEquals(0, made.mapFlags() & MAP_SYNC_OF_OTHERS, made::toString);
      if ((made.mapFlags() & constants.mapAnonymous()) == 0) {
        assertEquals(KernelConstants.MAP_SHARED, made.mapFlags() & 0x3, made::toString);
        ofTheFile++;
      }
    }
    assertTrue(ofTheFile >= 3, "mapped the file " + ofTheFile + " times");
  }

  @ParameterizedTest
  @ValueSource(strings = {"mips", "mipsel", "mips64", "mips64el", "alpha", "parisc"})
  @DisplayName(
      "where MAP_SYNC is missing its number, which asks for huge pages or a stack there, is never"
          + " passed, and the reason says that the architecture has none")
  void anArchitectureWithoutMapSyncIsNeverAskedForIt(String architecture)
      throws IOException, RamBlockException {
    mapsWithoutSync(KernelConstants.of(architecture), "this architecture has no MAP_SYNC");
  }

  @ParameterizedTest
  @ValueSource(strings = {"Mac OS X", "FreeBSD"})
  @DisplayName("on a system other than Linux both flags are 0, and the same code maps without them")
  void anotherSystemMapsWithoutBothFlags(String system) throws IOException, RamBlockException {
    mapsWithoutSync(KernelConstants.of(system, "amd64"), "this operating system has no MAP_SYNC");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "amd64",
        "aarch64",
        "arm",
        "loongarch64",
        "ppc64le",
        "riscv64",
        "s390x",
        "sparcv9"
      })
  @DisplayName("where MAP_SYNC exists it is passed and granted (so the test above could fail)")
  void anArchitectureWithMapSyncIsAskedForIt(String architecture)
      throws IOException, RamBlockException {
    FaultyLibc libc = libc(KernelConstants.of(architecture));
    try (LogCapture log = new LogCapture();
        LeakCheck leaks = LeakCheck.start(libc, folder)) {
      try (RamBlock block = new RamMapper(libc, Path.of("/sys")).map(spec, PMEM)) {
        assertTrue(block.obtained().contains(RamFlag.RAM_SYNC));
      }
      assertEquals(List.of(), log.complaints());
    }
    assertTrue(
        libc.made(SystemCall.MMAP).stream()
            .anyMatch(made -> (made.mapFlags() & MAP_SYNC_OF_OTHERS) != 0));
  }
}
