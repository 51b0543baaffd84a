package holdfast.host.linux;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Instant;
import java.util.List;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class FileStatusTest {

  @ParameterizedTest
  @CsvSource({
    "0100644, REGULAR,          a regular file",
    "0040755, DIRECTORY,        a directory",
    "0120777, SYMBOLIC_LINK,    a symbolic link",
    "0020666, CHARACTER_DEVICE, a character device",
    "0060660, BLOCK_DEVICE,     a block device",
    "0010600, FIFO,             a FIFO",
    "0140600, SOCKET,           a socket",
    "0000600, UNKNOWN,          a file of unknown type"
  })
  @DisplayName("the type is in the mode, whatever the permissions, and has words")
  void typeOfMode(String mode, FileStatus.Type type, String words) {
    FileStatus status =
        new FileStatus(Integer.decode(mode), 1, 0, 0, 0, 0, 0, 0, 0, 0, Instant.EPOCH, false);
    assertEquals(type, status.type());
    assertEquals(words, status.type().toString());
  }

  private static FileStatus at(int mode, int device, long inode, int special) {
    return new FileStatus(mode, 1, 0, 0, 0, inode, 8, device, 241, special, Instant.EPOCH, false);
  }

  @Test
  @DisplayName("a file is known by its inode and the device it is on, a device by its own number")
  void identity() {
    FileStatus file = at(0100644, 1, 5, 0);
    assertEquals(List.of(8, 1, 5L), file.identity(List::of));
    assertTrue(file.isSameFileAs(at(0100600, 1, 5, 7)));
    assertFalse(file.isSameFileAs(at(0100644, 1, 6, 0)));
    assertFalse(file.isSameFileAs(at(0100644, 2, 5, 0)));

    FileStatus device = at(0020600, 1, 5, 3);
    assertEquals(List.of(241, 3, 0L), device.identity(List::of));
    assertTrue(device.isSameFileAs(at(0020666, 1, 9, 3)), "another node of the same device");
    assertFalse(device.isSameFileAs(at(0020600, 1, 5, 4)));
  }

  @ParameterizedTest
  @CsvSource({
    "0x0000EF53, ext4,      false, false",
    "0x58465342, xfs,       false, false",
    "0x9123683E, btrfs,     false, false",
    "0x01021994, tmpfs,     true,  false",
    "0x858458F6, ramfs,     true,  false",
    "0x958458F6, hugetlbfs, true,  true",
    "0x794C7630, overlayfs, false, false",
    "0x12345678, file system 0x12345678, false, false"
  })
  @DisplayName("a file system is known by its magic number, and which of them are only memory")
  void fileSystemOfMagic(String magic, String name, boolean isVolatile, boolean isHugetlbfs) {
    FileSystemStatus status = new FileSystemStatus(Long.decode(magic), 4096);
    assertEquals(name, status.name());
    assertEquals(isVolatile, status.isVolatile());
    assertEquals(isHugetlbfs, status.isHugetlbfs());
  }

  @Test
  @DisplayName("an errno is shown with symbol and sentence, and by its number if it has no symbol")
  void errnoInWords() {
    Errno errno = new Errno(Errno.EOPNOTSUPP, "Operation not supported");
    assertEquals("EOPNOTSUPP (Operation not supported)", errno.toString());
    assertEquals("errno 200", new Errno(200, "").name());
    ErrnoException failure = new ErrnoException("mmap", errno);
    assertEquals("mmap: EOPNOTSUPP (Operation not supported)", failure.getMessage());
    assertEquals("mmap", failure.call());
    assertTrue(failure.is(95));
    assertFalse(failure.is(22));
  }
}
