package holdfast.backend.mmap;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import holdfast.backend.api.BackingSpaceException;
import holdfast.backend.api.ByteSize;
import holdfast.backend.api.RamBlock;
import holdfast.backend.api.RamBlockSpec;
import holdfast.backend.api.RamFlag;
import holdfast.host.linux.Errno;
import holdfast.host.testkit.Fault;
import holdfast.host.testkit.RecordedCall;
import holdfast.host.testkit.Storage;
import holdfast.host.testkit.SystemCall;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

/**
 * A file that has all its blocks on a disk with little left, as XFS answers there: fallocate(2) of
 * a range is refused where not as much is free, allocated or not. On a file of tmpfs, with a libc
 * that answers so; {@code VerdictsIT} asks real XFS.
 */
class AllocatedFileTest {
  private static final ByteSize SIZE = ByteSize.mib(9);
  private static final long FREE = 3 << 20;
  private static final int LENGTH = 3;

  private static long length(RecordedCall fallocate) {
    return (long) fallocate.arguments().get(LENGTH);
  }

  private static Bench onFullXfs() throws Exception {
    Bench bench = new Bench(Storage.tmpfs());
    bench.libc.with(
        new Fault(
            made -> made.call() == SystemCall.FALLOCATE && length(made) > FREE,
            Errno.ENOSPC,
            Fault.Harm.NONE));
    return bench;
  }

  private static RamBlockSpec spec(Path path) {
    return Bench.spec(path, RamFlag.RAM_SHARED).withSize(SIZE);
  }

  @Test
  @DisplayName("a file that has its blocks needs no free space: all of it is asked for, in parts")
  void neededOnce() throws Exception {
    byte[] content = new byte[(int) SIZE.bytes()];
    Arrays.fill(content, (byte) 7);
    try (Bench bench = onFullXfs()) {
      Path path = Files.write(bench.folder.resolve("file"), content);
      try (RamBlock block = bench.mapper().map(spec(path), Bench.KERNEL)) {
        assertEquals(SIZE, block.spec().size());
      }
      List<RecordedCall> granted =
          bench.libc.made(SystemCall.FALLOCATE).stream().filter(c -> length(c) <= FREE).toList();
      long next = 0;
      for (RecordedCall part : granted) {
        assertEquals(next, part.arguments().get(2));
        next += length(part);
      }
      assertEquals(SIZE.bytes(), next);
    }
  }

  @Test
  @DisplayName("a file with holes is refused at once, and no part of the disk is taken")
  void holesAreRefused() throws Exception {
    try (Bench bench = onFullXfs()) {
      Path path = Files.createFile(bench.folder.resolve("file"));
      try (FileChannel channel = FileChannel.open(path, StandardOpenOption.WRITE)) {
        channel.write(ByteBuffer.allocate(1), SIZE.bytes() - 1);
      }
      BackingSpaceException refusal =
          assertThrows(
              BackingSpaceException.class, () -> bench.mapper().map(spec(path), Bench.KERNEL));
      assertTrue(refusal.errno().startsWith("ENOSPC"), refusal::errno);
      assertEquals(1, bench.libc.made(SystemCall.FALLOCATE).size());
      assertEquals(List.of(), bench.leaks().leaks());
    }
  }
}
