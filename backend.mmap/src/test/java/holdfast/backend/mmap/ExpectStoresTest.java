package holdfast.backend.mmap;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import holdfast.backend.api.RamBlock;
import holdfast.backend.api.RamFlag;
import holdfast.host.linux.Errno;
import holdfast.host.linux.KernelConstants;
import holdfast.host.testkit.Fault;
import holdfast.host.testkit.Storage;
import holdfast.host.testkit.SystemCall;
import java.lang.foreign.ValueLayout;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Pages that are about to be stored into are made present at once, as a hint that harms nothing.
 */
@Timeout(60)
class ExpectStoresTest {
  private static final int PAGE = 4096;

  private static long asked(Bench bench) {
    return bench.libc.made().stream()
        .filter(call -> call.advice() == KernelConstants.MADV_POPULATE_WRITE)
        .count();
  }

  @Test
  @DisplayName("the pages of the range become present, and no others; no byte changes")
  void makesPresent() throws Exception {
    try (Bench bench = new Bench(Storage.tmpfs())) {
      Path file = bench.file("ram");
      try (RamBlock block =
          bench.mapper().map(Bench.spec(file, RamFlag.RAM_SHARED), Bench.KERNEL)) {
        long size = block.spec().size().bytes();
        block.segment().set(ValueLayout.JAVA_LONG, 3 * PAGE, 7);
        long before = asked(bench);
        block.expectStores(3 * PAGE, 5 * PAGE);
        block.expectStores(size, 0);
        assertEquals(before + 1, asked(bench));
        assertEquals(7, block.segment().get(ValueLayout.JAVA_LONG, 3 * PAGE));
        assertThrows(
            IndexOutOfBoundsException.class, () -> block.expectStores(size - PAGE, 2 * PAGE));
      }
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {Errno.EINVAL, Errno.ENOMEM, Errno.EFAULT})
  @DisplayName("a kernel that refuses is not asked again, and stores go on as ever")
  void refused(int errno) throws Exception {
    try (Bench bench = new Bench(Storage.tmpfs())) {
      try (RamBlock block =
          bench.mapper().map(Bench.spec(bench.file("ram"), RamFlag.RAM_SHARED), Bench.KERNEL)) {
        bench.libc.with(Fault.ofEvery(SystemCall.MADVISE, errno));
        long before = asked(bench);
        block.expectStores(0, PAGE);
        block.expectStores(0, PAGE);
        assertEquals(before + 1, asked(bench));
        block.segment().set(ValueLayout.JAVA_LONG, 0, 7);
        assertEquals(7, block.segment().get(ValueLayout.JAVA_LONG, 0));
      }
    }
  }

  @Test
  @DisplayName("one that is only interrupted is asked again")
  void interrupted() throws Exception {
    try (Bench bench = new Bench(Storage.tmpfs())) {
      try (RamBlock block =
          bench.mapper().map(Bench.spec(bench.file("ram"), RamFlag.RAM_SHARED), Bench.KERNEL)) {
        bench.libc.with(Fault.ofEvery(SystemCall.MADVISE, Errno.EINTR));
        long before = asked(bench);
        block.expectStores(0, PAGE);
        block.expectStores(0, PAGE);
        assertEquals(before + 2, asked(bench));
      }
    }
  }

  @Test
  @DisplayName("pages behind the end of a truncated file, and a retired block's, harm nobody")
  void lostOrRetired() throws Exception {
    try (Bench bench = new Bench(Storage.tmpfs())) {
      Path file = bench.file("ram");
      RamBlock first = bench.mapper().map(Bench.spec(file, RamFlag.RAM_SHARED), Bench.KERNEL);
      try (RamBlock second = bench.mapper().remap(first, Bench.KERNEL)) {
        long before = asked(bench);
        first.expectStores(0, PAGE);
        assertEquals(before, asked(bench));
        try (FileChannel opened = FileChannel.open(file, StandardOpenOption.WRITE)) {
          opened.truncate(0);
        }
        second.expectStores(0, PAGE);
      }
    }
  }
}
