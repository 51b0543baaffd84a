package holdfast.backend.mmap;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import holdfast.backend.api.Alignment;
import holdfast.backend.api.BlockAlignmentException;
import holdfast.backend.api.BlockSizeException;
import holdfast.backend.api.ByteSize;
import holdfast.backend.api.Granularity;
import holdfast.backend.api.RamBlock;
import holdfast.backend.api.RamBlockException;
import holdfast.backend.api.RamBlockSpec;
import holdfast.backend.api.RamFlag;
import holdfast.host.testkit.AddressRange;
import holdfast.host.testkit.Storage;
import java.io.IOException;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Blocks on a tmpfs that says of itself that it is hugetlbfs with pages of 2 MiB. */
@Timeout(60)
class HugePageTest {
  private static final long HUGE = 2 << 20;

  private static Bench bench() throws IOException {
    Bench bench = new Bench(Storage.tmpfs());
    bench.libc.withHugetlbfs(HUGE);
    return bench;
  }

  private static RamBlockSpec spec(Bench bench, ByteSize size) {
    return Bench.spec(bench.folder.resolve("huge"), RamFlag.RAM_SHARED).withSize(size);
  }

  @Test
  @DisplayName(
      "the page size is the file system's, the address is aligned to it, the guard is small")
  void thePageSizeIsTheFileSystems() throws IOException, RamBlockException {
    try (Bench bench = bench();
        RamBlock block = bench.mapper().map(spec(bench, new ByteSize(2 * HUGE)), Bench.KERNEL)) {
      assertEquals(new ByteSize(HUGE), block.pageSize());
      assertEquals(new Alignment(HUGE), block.align());
      long from = block.segment().address();
      assertTrue(block.align().divides(from));
      assertEquals(
          List.of(new AddressRange(from, from + 2 * HUGE + bench.libc.getpagesize())),
          bench.libc.mapped());
      assertEquals(Granularity.NONE, block.durability().obtained());
      assertEquals("hugetlbfs", block.durability().evidence().fileSystem());
      block.persist(0, 1);
    }
  }

  @Test
  @DisplayName("a size that is no multiple of the huge page is refused with it")
  void anUnevenSizeIsRefused() throws IOException {
    try (Bench bench = bench()) {
      for (long size : new long[] {4096, HUGE - 4096, HUGE + 4096}) {
        BlockSizeException refusal =
            assertThrows(
                BlockSizeException.class,
                () -> bench.mapper().map(spec(bench, new ByteSize(size)), Bench.KERNEL));
        assertEquals(new ByteSize(HUGE), refusal.unit());
        assertEquals(Set.of(), bench.leaks().newFiles());
      }
    }
  }

  @Test
  @DisplayName("an alignment below the huge page is refused with it, a greater one is kept")
  void theAlignmentIsAtLeastTheHugePage() throws IOException, RamBlockException {
    try (Bench bench = bench()) {
      RamBlockSpec spec = spec(bench, new ByteSize(HUGE));
      BlockAlignmentException refusal =
          assertThrows(
              BlockAlignmentException.class,
              () -> bench.mapper().map(spec.withAlign(new Alignment(4096)), Bench.KERNEL));
      assertEquals(new Alignment(HUGE), refusal.needed());
      Alignment wide = new Alignment(1 << 27);
      try (RamBlock block = bench.mapper().map(spec.withAlign(wide), Bench.KERNEL)) {
        assertEquals(wide, block.align());
      }
    }
  }
}
