package holdfast.host.testkit;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import holdfast.host.linux.ErrnoException;
import holdfast.host.linux.HostLibc;
import holdfast.host.linux.KernelConstants;
import holdfast.host.linux.Libc;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** That the check finds each kind of leak, also one that did not go through its libc. */
class LeakCheckTest {
  private static final Libc HOST = HostLibc.instance();
  private static final KernelConstants K = HOST.constants();

  @TempDir Path temporary;
  private Path folder;
  private Path path;
  private final FaultyLibc libc = FaultyLibc.host();

  @BeforeEach
  void createFile() throws IOException {
    folder = temporary.toRealPath();
    path = Files.write(folder.resolve("file"), new byte[4096]);
  }

  private static int open(Libc libc, Path path) throws ErrnoException {
    return libc.open(path, KernelConstants.O_RDWR | libc.constants().openCloexec(), 0);
  }

  private static void assertFinds(LeakCheck check, String words) {
    assertTrue(
        check.leaks().stream().anyMatch(leak -> leak.contains(words)),
        () -> "'" + words + "' is not among " + check.leaks());
    assertThrows(AssertionError.class, check::close);
  }

  @Test
  @DisplayName("nothing done is nothing left behind")
  void nothing() {
    LeakCheck check = LeakCheck.start(libc, folder);
    assertEquals(List.of(), check.leaks());
    assertEquals(Set.of(), check.newFiles());
    check.close();
  }

  @Test
  @DisplayName("an open file of the folder is found, removed or not, and the open folder itself")
  void openFiles() throws IOException {
    LeakCheck check = LeakCheck.start(libc, folder);
    try (FileChannel open = FileChannel.open(path, StandardOpenOption.READ)) {
      assertFinds(check, "still open: " + path);
      Files.delete(path);
      assertFinds(check, "still open: " + path + " (deleted)");
      assertTrue(open.isOpen());
    }
    check.close();
    try (DirectoryStream<Path> listing = Files.newDirectoryStream(folder)) {
      assertTrue(listing.iterator().hasNext() == Files.exists(path));
      assertFinds(check, "still open: " + folder);
    }
    check.close();
  }

  @Test
  @DisplayName("a mapped file of the folder is found when its descriptor is long closed")
  void mappedFiles() throws ErrnoException {
    LeakCheck check = LeakCheck.start(libc, folder);
    int fd = open(HOST, path);
    long address = HOST.mmap(0, 4096, KernelConstants.PROT_READ, KernelConstants.MAP_SHARED, fd, 0);
    HOST.close(fd);
    assertFinds(check, "still mapped");
    HOST.munmap(address, 4096);
    check.close();
  }

  @Test
  @DisplayName("a locked file of the folder is found")
  void lockedFiles() throws ErrnoException {
    LeakCheck check = LeakCheck.start(libc, folder);
    int fd = open(HOST, path);
    HOST.fcntlOfdSetlk(fd, false);
    assertFinds(check, "still locked: " + path);
    HOST.close(fd);
    check.close();
  }

  @Test
  @DisplayName("anonymous memory that went through the libc is found, a guard page among it")
  void anonymousMemory() throws ErrnoException {
    LeakCheck check = LeakCheck.start(libc, folder);
    int flags = KernelConstants.MAP_PRIVATE | K.mapAnonymous();
    long address = libc.mmap(0, 8192, KernelConstants.PROT_NONE, flags, -1, 0);
    libc.munmap(address, 4096);
    assertFinds(check, "mapped and not unmapped: " + Long.toHexString(address + 4096));
    libc.munmap(address + 4096, 4096);
    check.close();
  }

  @Test
  @DisplayName("a descriptor that went through the libc is found, wherever its file is")
  void descriptors() throws ErrnoException {
    LeakCheck check = LeakCheck.start(libc, folder);
    int fd = libc.open(Path.of("/dev/null"), libc.constants().openCloexec(), 0);
    assertFinds(check, "descriptor " + fd);
    libc.close(fd);
    check.close();
  }

  @Test
  @DisplayName("files that were not there before are named, and are no leak by themselves")
  void newFiles() throws IOException {
    LeakCheck check = LeakCheck.start(libc, folder);
    Files.createFile(folder.resolve("new"));
    assertEquals(Set.of("new"), check.newFiles());
    check.close();
  }

  @Test
  @DisplayName("a check that would start with something held is refused")
  void aDirtyStart() throws IOException {
    try (FileChannel open = FileChannel.open(path, StandardOpenOption.READ)) {
      assertTrue(open.isOpen());
      assertThrows(IllegalStateException.class, () -> LeakCheck.start(libc, folder));
    }
  }
}
