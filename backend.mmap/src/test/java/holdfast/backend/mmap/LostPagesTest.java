package holdfast.backend.mmap;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import holdfast.backend.api.RamBlock;
import holdfast.backend.api.RamFlag;
import holdfast.host.linux.Errno;
import holdfast.host.testkit.Fault;
import holdfast.host.testkit.Storage;
import holdfast.host.testkit.SystemCall;
import java.io.IOException;
import java.lang.foreign.ValueLayout;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Optional;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Whether a block's pages can still be had is asked of the kernel. */
@Timeout(60)
class LostPagesTest {
  private static final int PAGE = 4096;

  /** On a kernel that can be asked, and on one that can't. */
  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  @DisplayName(
      "of a truncated file the pages behind its end are lost, and no others; none is changed")
  void aTruncatedFile(boolean kernelPopulates) throws Exception {
    try (Bench bench = new Bench(Storage.tmpfs())) {
      Path file = bench.file("ram");
      try (RamBlock block =
          bench.mapper().map(Bench.spec(file, RamFlag.RAM_SHARED), Bench.KERNEL)) {
        if (!kernelPopulates) {
          bench.libc.with(Fault.ofEvery(SystemCall.MADVISE, Errno.EINVAL));
        }
        long size = block.spec().size().bytes();
        long half = size / 2;
        for (long at = 0; at < size; at += PAGE) {
          block.segment().set(ValueLayout.JAVA_LONG, at, at + 1);
        }
        for (boolean stored : new boolean[] {false, true}) {
          assertEquals(Optional.empty(), block.lostPage(0, size, stored));
          assertEquals(Optional.empty(), block.lostPage(size - 1, 1, stored));
          assertEquals(Optional.empty(), block.lostPage(5, 0, stored));
        }
        truncate(file, half);
        for (boolean stored : new boolean[] {false, true}) {
          assertEquals(Optional.empty(), block.lostPage(0, half, stored));
          assertEquals(Optional.empty(), block.lostPage(half - 1, 1, stored));
          for (long[] range : new long[][] {{half, 1}, {half - 1, 2}, {0, size}, {size - 1, 1}}) {
            String reason = block.lostPage(range[0], range[1], stored).orElseThrow();
            assertTrue(reason.contains("EFAULT"), reason);
          }
        }
        for (long at = 0; at < half; at += PAGE) {
          assertEquals(at + 1, block.segment().get(ValueLayout.JAVA_LONG, at));
        }
      }
    }
  }

  @Test
  @DisplayName("a retired block answers for what stands in its place, a closed one not at all")
  void retiredAndClosed() throws Exception {
    try (Bench bench = new Bench(Storage.tmpfs())) {
      Path file = bench.file("ram");
      RamBlock first = bench.mapper().map(Bench.spec(file, RamFlag.RAM_SHARED), Bench.KERNEL);
      RamBlock second = bench.mapper().remap(first, Bench.KERNEL);
      assertEquals(Optional.empty(), first.lostPage(0, PAGE, true));
      truncate(file, 0);
      assertTrue(first.lostPage(0, PAGE, false).orElseThrow().contains("EFAULT"));
      long size = second.spec().size().bytes();
      assertThrows(IndexOutOfBoundsException.class, () -> second.lostPage(size, 1, false));
      second.close();
      assertThrows(IllegalStateException.class, () -> second.lostPage(0, 1, false));
    }
  }

  @Test
  @DisplayName("read-only memory is never asked for stores")
  void readOnly() throws Exception {
    try (Bench bench = new Bench(Storage.tmpfs());
        RamBlock block =
            bench
                .mapper()
                .map(
                    Bench.spec(
                        bench.file("ram"),
                        RamFlag.RAM_SHARED,
                        RamFlag.RAM_READONLY,
                        RamFlag.RAM_READONLY_FD),
                    Bench.KERNEL)) {
      assertEquals(Optional.empty(), block.lostPage(0, PAGE, true));
    }
  }

  private static void truncate(Path file, long size) throws IOException {
    try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
      channel.truncate(size);
    }
  }
}
