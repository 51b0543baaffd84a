package holdfast.host.linux.internal;

import static holdfast.host.linux.KernelConstants.MAP_PRIVATE;
import static holdfast.host.linux.KernelConstants.MAP_SHARED;
import static holdfast.host.linux.KernelConstants.O_RDONLY;
import static holdfast.host.linux.KernelConstants.O_RDWR;
import static holdfast.host.linux.KernelConstants.PROT_READ;
import static holdfast.host.linux.KernelConstants.PROT_WRITE;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.abort;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import holdfast.host.linux.Errno;
import holdfast.host.linux.ErrnoException;
import holdfast.host.linux.FileStatus;
import holdfast.host.linux.HostLibc;
import holdfast.host.linux.KernelConstants;
import holdfast.host.linux.Libc;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.api.io.TempDir;

/** The calls against the real kernel, and their answers against what the JDK says. */
class JnaLibcTest {
  private static final Libc LIBC = HostLibc.instance();
  private static final KernelConstants K = LIBC.constants();
  private static final int BAD_FD = 1_000_000;

  @TempDir Path folder;

  /** What is done with an open descriptor. */
  private interface WithDescriptor<T> {
    T apply(int fd) throws ErrnoException, IOException;
  }

  private static <T> T with(Path path, int flags, WithDescriptor<T> action)
      throws ErrnoException, IOException {
    int fd = LIBC.open(path, flags | K.openCloexec(), 0600);
    try {
      return action.apply(fd);
    } finally {
      LIBC.close(fd);
    }
  }

  private static void assertFails(String call, int errno, String text, Executable action) {
    ErrnoException failure = assertThrows(ErrnoException.class, action);
    assertEquals(call, failure.call());
    assertEquals(new Errno(errno, text), failure.errno());
  }

  @Test
  @DisplayName("the page size is the one that the kernel uses for this process")
  void pageSize() throws IOException {
    String line =
        Files.lines(Path.of("/proc/self/smaps"))
            .filter(one -> one.startsWith("KernelPageSize:"))
            .findFirst()
            .orElseThrow();
    assertEquals(Long.parseLong(line.split(" +")[1]) * 1024, LIBC.getpagesize());
  }

  @Test
  @DisplayName("statx tells of a file what the JDK tells: mode, size, inode, device")
  void statxOfAFile() throws ErrnoException, IOException {
    Path path = Files.write(folder.resolve("file"), new byte[12345]);
    Files.setPosixFilePermissions(path, PosixFilePermissions.fromString("rw-r-----"));
    checkStatus(path, with(path, O_RDONLY, LIBC::statx));
  }

  @Test
  @DisplayName("statx tells of a directory, a link itself, and a device what the JDK tells")
  void statxOfOthers() throws ErrnoException, IOException {
    Path link = Files.createSymbolicLink(folder.resolve("link"), folder);
    Path zero = Path.of("/dev/zero");
    checkStatus(folder, with(folder, K.openPath(), LIBC::statx));
    checkStatus(zero, with(zero, K.openPath(), LIBC::statx));
    assertEquals(
        FileStatus.Type.SYMBOLIC_LINK,
        with(link, K.openPath() | K.openNofollow(), LIBC::statx).type());
  }

  private static void checkStatus(Path path, FileStatus status) throws IOException {
    Map<String, Object> jdk = Files.readAttributes(path, "unix:mode,size,ino,dev,rdev");
    assertEquals(jdk.get("mode"), status.mode());
    assertEquals(jdk.get("ino"), status.inode());
    if (status.type() == FileStatus.Type.REGULAR) {
      assertEquals(jdk.get("size"), status.size());
    }
    assertEquals(jdk.get("dev"), device(status.deviceMajor(), status.deviceMinor()));
    assertEquals(jdk.get("rdev"), device(status.specialMajor(), status.specialMinor()));
  }

  /** The number that glibc's makedev(3) makes. */
  private static long device(long major, long minor) {
    return (major & 0xfffff000L) << 32
        | (major & 0xfffL) << 8
        | (minor & 0xffffff00L) << 12
        | minor & 0xffL;
  }

  @Test
  @DisplayName("fstatfs tells the file system that the JDK tells, and a block size")
  void fstatfs() throws ErrnoException, IOException {
    Path memory = Path.of("/dev/shm");
    for (Path path : Set.of(folder, memory)) {
      assumeTrue(Files.isDirectory(path), path + " is not there");
      String type = Files.getFileStore(path).type();
      var status = with(path, O_RDONLY, LIBC::fstatfs);
      if (Set.of("ext4", "xfs", "btrfs", "tmpfs", "f2fs", "zfs").contains(type)) {
        assertEquals(type, status.name());
        assertEquals(type.equals("tmpfs"), status.isVolatile());
      }
      assertEquals(1, Long.bitCount(status.blockSize()), status::toString);
    }
  }

  @Test
  @DisplayName("open creates with the mode asked for, exclusively, and close-on-exec")
  void openCreates() throws ErrnoException, IOException {
    Path path = folder.resolve("new");
    int create = O_RDWR | K.openCreat() | K.openExcl();
    String flags = with(path, create, fd -> Files.readString(Path.of("/proc/self/fdinfo/" + fd)));
    assertEquals(PosixFilePermissions.fromString("rw-------"), Files.getPosixFilePermissions(path));
    assertTrue(flags.lines().anyMatch(line -> line.matches("flags:\\s0?2\\d{6}")), flags);
    assertFails(
        "open", Errno.EEXIST, "File exists", () -> LIBC.open(path, create | K.openCloexec(), 0600));
  }

  @Test
  @DisplayName("a path of other than ASCII letters is opened as the JDK would open it")
  void openOtherLetters() throws ErrnoException, IOException {
    Path path;
    try {
      path = folder.resolve("Gedächtnis");
    } catch (InvalidPathException e) {
      abort("the locale of this JVM has no such letters");
      return;
    }
    Files.write(path, new byte[7]);
    assertEquals(7L, with(path, O_RDONLY, LIBC::lseekEnd));
  }

  @Test
  @DisplayName("a shared mapping is the file, a private one a copy of it")
  void mmap() throws ErrnoException, IOException {
    long page = LIBC.getpagesize();
    byte[] content = new byte[(int) page];
    content[17] = 42;
    Path path = Files.write(folder.resolve("file"), content);
    try (Mapping shared = new Mapping(path, MAP_SHARED);
        Mapping copy = new Mapping(path, MAP_PRIVATE)) {
      assertEquals(42, shared.bytes().get(ValueLayout.JAVA_BYTE, 17));
      copy.bytes().set(ValueLayout.JAVA_BYTE, 17, (byte) 1);
      assertArrayEquals(content, Files.readAllBytes(path));
      shared.bytes().set(ValueLayout.JAVA_BYTE, 18, (byte) 2);
      LIBC.msync(shared.address, page, K.msSync());
      assertEquals(2, Files.readAllBytes(path)[18]);
    }
  }

  /** One page of a file. */
  private record Mapping(long address) implements AutoCloseable {
    Mapping(Path path, int flags) throws ErrnoException, IOException {
      this(
          with(
              path,
              O_RDWR,
              fd -> LIBC.mmap(0, LIBC.getpagesize(), PROT_READ | PROT_WRITE, flags, fd, 0)));
    }

    MemorySegment bytes() {
      return MemorySegment.ofAddress(address).reinterpret(LIBC.getpagesize());
    }

    @Override
    public void close() throws ErrnoException {
      LIBC.munmap(address, LIBC.getpagesize());
    }
  }

  @Test
  @DisplayName("ftruncate, fallocate, lseek, fsync and unlink do to a file what they say")
  void sizesAndNames() throws ErrnoException, IOException {
    Path path = Files.createFile(folder.resolve("file"));
    with(
        path,
        O_RDWR,
        fd -> {
          LIBC.ftruncate(fd, 10_000);
          assertEquals(10_000, LIBC.lseekEnd(fd));
          LIBC.fallocate(fd, 0, 0, 20_000);
          assertEquals(20_000, LIBC.lseekEnd(fd));
          LIBC.fsync(fd);
          return null;
        });
    assertEquals(20_000, Files.size(path));
    LIBC.unlink(path);
    assertTrue(Files.notExists(path));
  }

  @Test
  @DisplayName("madvise(MADV_POPULATE_WRITE) makes pages present, and unknown advice is EINVAL")
  void madvise() throws ErrnoException {
    long size = 16 * LIBC.getpagesize();
    long address =
        LIBC.mmap(0, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | K.mapAnonymous(), -1, 0);
    try {
      LIBC.madvise(address, size, KernelConstants.MADV_POPULATE_WRITE);
      assertFails(
          "madvise", Errno.EINVAL, "Invalid argument", () -> LIBC.madvise(address, size, 9999));
    } finally {
      LIBC.munmap(address, size);
    }
  }

  @Test
  @DisplayName("mremap puts pages with what they hold over others, and leaves nothing behind")
  void mremapMovesPages() throws ErrnoException {
    long page = LIBC.getpagesize();
    int flags = MAP_PRIVATE | K.mapAnonymous();
    int prot = PROT_READ | PROT_WRITE;
    long both = LIBC.mmap(0, 2 * page, prot, flags, -1, 0);
    MemorySegment memory = MemorySegment.ofAddress(both).reinterpret(2 * page);
    memory.set(ValueLayout.JAVA_LONG, 8, 1);
    memory.set(ValueLayout.JAVA_LONG, page + 8, 2);
    LIBC.mremap(both, page, KernelConstants.MREMAP_FIXED, both + page);
    assertEquals(1, memory.get(ValueLayout.JAVA_LONG, page + 8));
    int here = flags | K.mapFixedNoreplace();
    assertEquals(both, LIBC.mmap(both, page, prot, here, -1, 0), "the first page is free");
    LIBC.munmap(both, 2 * page);
    assertFails(
        "mremap",
        14,
        "Bad address",
        () -> LIBC.mremap(both, page, KernelConstants.MREMAP_FIXED, both + page));
  }

  @Test
  @DisplayName("each call that fails says its name, the errno and strerror's sentence")
  void failuresAreNamed() throws IOException {
    Path missing = folder.resolve("missing");
    String noFile = "No such file or directory";
    String badDescriptor = "Bad file descriptor";
    assertFails("open", Errno.ENOENT, noFile, () -> LIBC.open(missing, O_RDWR, 0));
    assertFails("open", 21, "Is a directory", () -> LIBC.open(folder, O_RDWR, 0));
    assertFails("unlink", Errno.ENOENT, noFile, () -> LIBC.unlink(missing));
    assertFails("close", 9, badDescriptor, () -> LIBC.close(BAD_FD));
    assertFails("statx", 9, badDescriptor, () -> LIBC.statx(BAD_FD));
    assertFails("fstatfs", 9, badDescriptor, () -> LIBC.fstatfs(BAD_FD));
    assertFails("lseek", 9, badDescriptor, () -> LIBC.lseekEnd(BAD_FD));
    assertFails("ftruncate", 9, badDescriptor, () -> LIBC.ftruncate(BAD_FD, 0));
    assertFails("fallocate", 9, badDescriptor, () -> LIBC.fallocate(BAD_FD, 0, 0, 1));
    assertFails("fsync", 9, badDescriptor, () -> LIBC.fsync(BAD_FD));
    assertFails("fcntl", 9, badDescriptor, () -> LIBC.fcntlOfdSetlk(BAD_FD, false));
    assertFails("fcntl", 9, badDescriptor, () -> LIBC.fcntlOfdGetlk(BAD_FD));
    assertFails(
        "ioctl(USERFAULTFD_IOC_NEW)", 9, badDescriptor, () -> LIBC.ioctlUserfaultfdNew(BAD_FD, 0));
    assertFails("ioctl(UFFDIO_API)", 9, badDescriptor, () -> LIBC.ioctlUffdioApi(BAD_FD, 0));
    assertFails(
        "ioctl(UFFDIO_REGISTER)",
        9,
        badDescriptor,
        () -> LIBC.ioctlUffdioRegister(BAD_FD, 0, 4096, 0));
    assertFails(
        "ioctl(UFFDIO_WRITEPROTECT)",
        9,
        badDescriptor,
        () -> LIBC.ioctlUffdioWriteprotect(BAD_FD, 0, 4096, 0));
    assertFails(
        "ioctl(PAGEMAP_SCAN)",
        9,
        badDescriptor,
        () -> LIBC.ioctlPagemapScan(BAD_FD, 0, 0, 4096, 1, 0));
    assertFails("userfaultfd", Errno.EINVAL, "Invalid argument", () -> LIBC.userfaultfd(1 << 30));
    assertFails(
        "mmap", 9, badDescriptor, () -> LIBC.mmap(0, 4096, PROT_READ, MAP_SHARED, BAD_FD, 0));
    assertFails("munmap", Errno.EINVAL, "Invalid argument", () -> LIBC.munmap(1, 4096));
    assertFails("msync", Errno.EINVAL, "Invalid argument", () -> LIBC.msync(1, 1, K.msSync()));
  }

  @Test
  @DisplayName("MAP_SYNC on a file without DAX is EOPNOTSUPP, as ext4, xfs and tmpfs answer")
  void mapSyncWithoutDax() throws ErrnoException, IOException {
    Path path = Files.write(folder.resolve("file"), new byte[(int) LIBC.getpagesize()]);
    int sync = K.mapSharedValidate() | K.mapSync();
    assumeTrue(
        Set.of("ext4", "xfs", "tmpfs", "btrfs").contains(Files.getFileStore(folder).type()),
        "another file system");
    with(
        path,
        O_RDWR,
        fd -> {
          assertFails(
              "mmap",
              Errno.EOPNOTSUPP,
              "Operation not supported",
              () -> LIBC.mmap(0, LIBC.getpagesize(), PROT_READ, sync, fd, 0));
          return null;
        });
  }
}
