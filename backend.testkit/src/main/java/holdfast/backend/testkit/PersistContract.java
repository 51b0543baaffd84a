package holdfast.backend.testkit;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import holdfast.backend.api.Granularity;
import holdfast.backend.api.PersistException;
import holdfast.backend.api.RamBlock;
import holdfast.backend.api.RamBlockException;
import holdfast.backend.api.RamBlockSpec;
import holdfast.backend.api.RamFlag;
import holdfast.host.linux.Errno;
import holdfast.host.testkit.Fault;
import holdfast.host.testkit.Sentences;
import holdfast.host.testkit.SystemCall;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

/** Tests which ranges persist accepts, and what it does when it fails. */
interface PersistContract extends Contract {

  @Test
  @DisplayName("persist takes any range within the block, aligned or not, and none at all")
  default void persistTakesAnyRangeWithinTheBlock() throws RamBlockException, IOException {
    Path path = fixture().file("persisted");
    RamBlockSpec spec = fixture().spec(path, RamFlag.RAM_SHARED);
    long size = spec.size().bytes();
    try (RamBlock block = fixture().allocator().allocate(spec)) {
      long[][] ranges = {
        {0, 0}, {size, 0}, {0, 1}, {size - 1, 1}, {1, 2}, {4095, 2}, {63, 1}, {64, 64}, {0, size}
      };
      for (long[] range : ranges) {
        block.segment().asSlice(range[0], range[1]).fill((byte) 0x33);
        block.persist(range[0], range[1]);
      }
    }
    byte[] expected = new byte[(int) size];
    Arrays.fill(expected, (byte) 0x33);
    assertArrayEquals(expected, Files.readAllBytes(path));
  }

  @Test
  @DisplayName("persist refuses every range that is not within the block")
  default void persistRefusesRangesOutsideTheBlock() throws RamBlockException {
    RamBlockSpec spec = fixture().spec(fixture().folder().resolve("persisted"), RamFlag.RAM_SHARED);
    long size = spec.size().bytes();
    try (RamBlock block = fixture().allocator().allocate(spec)) {
      long[][] ranges = {
        {-1, 1},
        {0, -1},
        {0, size + 1},
        {1, size},
        {size, 1},
        {size + 1, 0},
        {Long.MAX_VALUE, 1},
        {1, Long.MAX_VALUE},
        {Long.MIN_VALUE, 0}
      };
      for (long[] range : ranges) {
        assertThrows(
            IndexOutOfBoundsException.class,
            () -> block.persist(range[0], range[1]),
            () -> range[0] + " + " + range[1]);
      }
    }
  }

  @Test
  @DisplayName("persist of a closed block is an IllegalStateException")
  default void persistOfAClosedBlockIsRefused() throws RamBlockException {
    RamBlock block =
        fixture()
            .allocator()
            .allocate(fixture().spec(fixture().folder().resolve("closed"), RamFlag.RAM_SHARED));
    block.close();
    assertThrows(IllegalStateException.class, () -> block.persist(0, 1));
    assertThrows(IllegalStateException.class, () -> block.persist(0, 0));
  }

  @Test
  @DisplayName("a kernel that can't write back is a PersistException with the range and the errno")
  default void aFailureToWriteBackIsReported() throws RamBlockException {
    RamBlockSpec spec = fixture().spec(fixture().folder().resolve("failing"), RamFlag.RAM_SHARED);
    assumeTrue(
        fixture().expectedGranularity(spec) == Granularity.PAGE,
        "persist makes no system call on " + fixture().storage());
    try (RamBlock block = fixture().allocator().allocate(spec)) {
      fixture().libc().with(Fault.ofNext(SystemCall.MSYNC, Errno.EIO));
      PersistException failure = assertThrows(PersistException.class, () -> block.persist(4097, 3));
      assertEquals(4097, failure.offset());
      assertEquals(3, failure.length());
      assertEquals("EIO (Input/output error)", failure.errno());
      Sentences.assertNames(failure, spec.id().toString());
      Sentences.assertNames(failure, spec.backing().toString());
      Sentences.assertNames(failure, "EIO");
      Sentences.assertNames(failure, "dmesg");
      assertThrows(
          PersistException.class, () -> block.persist(4097, 3), "what was lost stays lost");
    }
  }

  @Test
  @DisplayName(
      "persist of bytes that a truncated file no longer has is a PersistException, no crash")
  default void persistOfATruncatedFileIsReported() throws RamBlockException, IOException {
    Path path = fixture().file("truncated");
    RamBlockSpec spec = fixture().spec(path, RamFlag.RAM_SHARED);
    assumeTrue(
        fixture().expectedGranularity(spec) != Granularity.NONE,
        "persist does nothing on " + fixture().storage());
    try (RamBlock block = fixture().allocator().allocate(spec)) {
      try (FileChannel other = FileChannel.open(path, StandardOpenOption.WRITE)) {
        other.truncate(8192);
      }
      block.persist(0, 8192);
      assertThrows(PersistException.class, () -> block.persist(8191, 2));
      assertThrows(PersistException.class, () -> block.persist(0, spec.size().bytes()));
    }
  }
}
