package holdfast.backend.mmap;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import holdfast.backend.api.Alignment;
import holdfast.backend.api.BackingKindException;
import holdfast.backend.api.BackingLockedException;
import holdfast.backend.api.BackingSizeException;
import holdfast.backend.api.BlockAlignmentException;
import holdfast.backend.api.BlockSizeException;
import holdfast.backend.api.ByteSize;
import holdfast.backend.api.Granularity;
import holdfast.backend.api.RamBlock;
import holdfast.backend.api.RamBlockException;
import holdfast.backend.api.RamBlockSpec;
import holdfast.backend.api.RamFlag;
import holdfast.backend.mmap.style.MappingStyle;
import holdfast.host.testkit.FakeSysfs;
import holdfast.host.testkit.FaultyLibc.SyncAnswer;
import holdfast.host.testkit.Sentences;
import holdfast.host.testkit.Storage;
import holdfast.host.testkit.SystemCall;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.EnumSet;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * Blocks on a device-DAX character device of 16 MiB with an alignment of 2 MiB: a tmpfs file that
 * libc says is one, with a sysfs tree to match.
 */
@Timeout(60)
class DaxDeviceMapTest {
  private static final int MAJOR = 252;
  private static final Alignment ALIGN = new Alignment(2 << 20);
  private static final ByteSize DEVICE = ByteSize.mib(16);
  private static final ByteSize SIZE = ByteSize.mib(4);

  @TempDir Path sysfs;
  private Bench bench;
  private Path device;
  private RamMapper mapper;

  @BeforeEach
  void plugIn() throws IOException {
    bench = new Bench(Storage.tmpfs());
    bench.libc.withCharacterDevice(MAJOR, 7).withSync(SyncAnswer.TAKEN);
    device = Files.write(bench.folder.resolve("dax0.7"), new byte[(int) DEVICE.bytes()]);
    new FakeSysfs(sysfs).addDaxDevice(MAJOR, 7, DEVICE.bytes(), ALIGN.bytes());
    mapper = bench.mapper(sysfs);
  }

  @AfterEach
  void plugOut() throws IOException {
    bench.close();
  }

  private RamBlockSpec spec(RamFlag... flags) {
    return Bench.spec(device, flags).withSize(SIZE).withAlign(ALIGN);
  }

  private RamBlockSpec pmemSpec() {
    return spec(RamFlag.RAM_SHARED, RamFlag.RAM_PMEM);
  }

  @Test
  @DisplayName("a DAX device is mapped with MAP_SYNC and persisted by cache-line flushes")
  void aDaxDeviceIsFlushed() throws RamBlockException {
    try (RamBlock block = mapper.map(pmemSpec(), bench.pmem)) {
      assertEquals(
          EnumSet.of(RamFlag.RAM_SHARED, RamFlag.RAM_PMEM, RamFlag.RAM_SYNC), block.obtained());
      assertEquals(Granularity.CACHE_LINE, block.durability().obtained());
      assertEquals("device DAX", block.durability().evidence().fileSystem());
      assertTrue(ALIGN.divides(block.segment().address()));
      bench.libc.forget();
      assertEquals(List.of(), bench.oracle.persist(block, 100, 1));
      assertEquals(List.of(), bench.libc.made(), "no system call");
    }
  }

  @Test
  @DisplayName("neither the size nor the space of a DAX device is changed")
  void aDaxDeviceIsNotGrown() throws RamBlockException {
    mapper.map(pmemSpec(), bench.pmem).close();
    for (SystemCall call :
        List.of(SystemCall.FTRUNCATE, SystemCall.FALLOCATE, SystemCall.FSYNC, SystemCall.LSEEK)) {
      assertEquals(List.of(), bench.libc.made(call));
    }
  }

  @Test
  @DisplayName(
      "a kernel that refuses MAP_SYNC for it takes nothing away: it has no metadata to lose")
  void aDaxDeviceNeedsNoMapSync() throws RamBlockException {
    bench.libc.withSync(SyncAnswer.REAL);
    try (LogCapture log = new LogCapture();
        RamBlock block = mapper.map(pmemSpec(), bench.pmem)) {
      assertEquals(Granularity.CACHE_LINE, block.durability().obtained());
      assertEquals(EnumSet.of(RamFlag.RAM_SHARED, RamFlag.RAM_PMEM), block.obtained());
      assertEquals(List.of(), log.complaints());
    }
  }

  @Test
  @DisplayName("detached it goes on flushing, and it is re-mapped like a file")
  void detachedAndPickedUp() throws RamBlockException {
    RamBlock detached = mapper.map(pmemSpec(), bench.pmem).detach();
    assertEquals(Granularity.CACHE_LINE, detached.durability().obtained());
    try (RamBlock next = mapper.remap(detached, bench.pmem)) {
      assertSame(detached.segment(), next.segment());
      assertEquals(List.of(), bench.libc.made(SystemCall.MSYNC));
    }
  }

  @Test
  @DisplayName("a re-map by an allocator that can't flush is refused, and the block stays")
  void aRemapWithoutFlushesIsRefused() throws RamBlockException {
    try (RamBlock block = mapper.map(pmemSpec(), bench.pmem)) {
      BackingKindException refusal =
          assertThrows(BackingKindException.class, () -> mapper.remap(block, Bench.KERNEL));
      Sentences.assertNames(refusal, "DAX device");
      block.persist(0, 1);
    }
  }

  @Test
  @DisplayName("an alignment below the device's is refused with it, none at all too, as in QEMU")
  void theAlignmentIsAtLeastTheDevices() {
    for (Alignment wish : List.of(Alignment.PAGE_SIZE, new Alignment(4096))) {
      BlockAlignmentException refusal =
          assertRefused(BlockAlignmentException.class, pmemSpec().withAlign(wish));
      assertEquals(ALIGN, refusal.needed());
    }
  }

  @Test
  @DisplayName("more than sysfs says that the device has is refused with what it has")
  void moreThanTheDeviceHas() {
    RamBlockSpec spec = pmemSpec().withSize(ByteSize.mib(18));
    assertEquals(DEVICE, assertRefused(BackingSizeException.class, spec).actual());
  }

  @Test
  @DisplayName("a size that is no multiple of the device's alignment is refused with it")
  void anUnevenSizeIsRefused() {
    RamBlockSpec spec = pmemSpec().withSize(ByteSize.mib(3));
    assertEquals(new ByteSize(ALIGN.bytes()), assertRefused(BlockSizeException.class, spec).unit());
  }

  @Test
  @DisplayName("share=off is refused: a DAX device has no private mappings")
  void privateIsRefused() {
    Sentences.assertNames(
        assertRefused(BackingKindException.class, spec(RamFlag.RAM_PMEM)), "share=on");
  }

  @Test
  @DisplayName("without pmem style, and without a cache flush, it can't be persisted: refused")
  void whatCannotBePersistedIsRefused() {
    RamBlockSpec spec = pmemSpec();
    Sentences.assertNames(
        assertThrows(BackingKindException.class, () -> mapper.map(spec, Bench.KERNEL)),
        "holdfast.backend.dax");
    Sentences.assertNames(
        assertThrows(
            BackingKindException.class,
            () -> mapper.map(spec, MappingStyle.pmemWithoutFlush("dax", "there is none"))),
        "libpmem1");
  }

  @Test
  @DisplayName("a second block on the device is refused: it is locked")
  void aSecondBlockIsRefused() throws RamBlockException {
    try (RamBlock block = mapper.map(pmemSpec(), bench.pmem)) {
      assertThrows(BackingLockedException.class, () -> mapper.map(block.spec(), bench.pmem));
    }
  }

  @Test
  @DisplayName("a DAX device whose size can't be read is refused with the attribute")
  void aBrokenSysfsIsRefused() throws IOException {
    Path size = sysfs.resolve("dev/char/" + MAJOR + ":7/size");
    Files.writeString(size, "many\n");
    Sentences.assertNames(assertRefused(BackingKindException.class, pmemSpec()), size.toString());
    Files.delete(size);
    assertRefused(BackingKindException.class, pmemSpec());
  }

  @Test
  @DisplayName("a character device of another subsystem is refused as what it is")
  void anotherCharacterDeviceIsRefused() throws IOException {
    new FakeSysfs(sysfs).addDevice(MAJOR, 8, "mem");
    bench.libc.withCharacterDevice(MAJOR, 8);
    assertEquals(
        "a character device", assertRefused(BackingKindException.class, pmemSpec()).found());
  }

  private <E extends RamBlockException> E assertRefused(Class<E> type, RamBlockSpec spec) {
    E refusal = assertThrows(type, () -> mapper.map(spec, bench.pmem).close());
    assertEquals(List.of(), bench.leaks().leaks());
    assertEquals(DEVICE.bytes(), device.toFile().length());
    return refusal;
  }
}
