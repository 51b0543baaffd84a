package holdfast.host.linux;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import holdfast.host.linux.internal.linux.CommonConstants;
import holdfast.host.linux.internal.linux.LinuxErrno;
import holdfast.host.linux.internal.linux.LinuxFamily;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** The table of what an errno means in a place, to be read as one. */
class RemedyTest {
  private static final FileSystemStatus EXT4 =
      new FileSystemStatus(
          CommonConstants.EXT4_SUPER_MAGIC, 4096, 1L << 30, 12_900_000, 65_536, 60_000);

  @TempDir Path host;

  private Path limits;

  @BeforeEach
  void makeHost() throws IOException {
    Files.createDirectories(host.resolve("self"));
    Files.createDirectories(host.resolve("sys/vm"));
    limits = host.resolve("self/limits");
    Files.writeString(host.resolve("self/maps"), "a mapping\n".repeat(1000));
    sysctl("vm/max_map_count", 65_530);
    sysctl("vm/overcommit_memory", 1);
    limit("Max open files            1024                 524288               files");
  }

  private void sysctl(String name, long value) throws IOException {
    Files.writeString(host.resolve("sys").resolve(name), value + "\n");
  }

  private void limit(String line) throws IOException {
    Files.writeString(
        limits,
        "Limit                     Soft Limit           Hard Limit           Units\n"
            + "Max file size             unlimited            unlimited            bytes\n"
            + line
            + "\n");
  }

  /**
   * Memory of 256 MiB. Sizes are written as numbers of bytes, with a word that tells whether they
   * were to be rounded.
   */
  private record Asked(Optional<Path> file, boolean shared, long hugePage) implements Request {
    static final Asked PRIVATE_FILE = new Asked(Optional.of(Path.of("/d/f")), false, 0);
    static final Asked SHARED_FILE = new Asked(Optional.of(Path.of("/d/f")), true, 0);
    static final Asked ANONYMOUS = new Asked(Optional.empty(), false, 0);

    @Override
    public boolean readOnly() {
      return false;
    }

    @Override
    public long size() {
      return 256 << 20;
    }

    @Override
    public long end() {
      return size();
    }

    @Override
    public long align() {
      return 0;
    }

    @Override
    public boolean hugePages() {
      return hugePage > 0;
    }

    @Override
    public String exact(long bytes) {
      return bytes + " bytes";
    }

    @Override
    public String rounded(long bytes) {
      return "about " + bytes + " bytes";
    }
  }

  private Scene scene(Request request, FileSystemStatus fileSystem) {
    return new Scene(request, Optional.of(fileSystem), host, host);
  }

  private Scene file(FileSystemStatus fileSystem) {
    return scene(Asked.PRIVATE_FILE, fileSystem);
  }

  private Scene sharedFile(FileSystemStatus fileSystem) {
    return scene(Asked.SHARED_FILE, fileSystem);
  }

  private static Errno errno(LinuxErrno symbol) {
    return new Errno(LinuxFamily.host().number(symbol), "");
  }

  private static void assertSays(String remedy, String words) {
    assertTrue(remedy.contains(words), () -> "'" + words + "' is not in: " + remedy);
  }

  @ParameterizedTest(name = "{0} {1}")
  @CsvSource(
      delimiter = '|',
      value = {
        // a file or folder that is there
        "OPEN       | ENOENT       | create the folder",
        "OPEN       | EACCES       | permissions of the file and of each folder above it",
        "OPEN       | EPERM        | chattr -i -a",
        "OPEN       | EROFS        | set readonly=on",
        "OPEN       | ENOTDIR      | should be a folder",
        "OPEN       | ELOOP        | in a circle",
        "OPEN       | ENAMETOOLONG | 255 bytes",
        "OPEN       | EINVAL       | takes no such name",
        "OPEN       | EMFILE       | raise ulimit -n (now 1024)",
        "OPEN       | ENFILE       | fs.file-max",
        "OPEN       | ENOMEM       | no memory left",
        "OPEN       | EIO          | dmesg",
        "OPEN       | ENXIO        | has no driver",
        "OPEN       | ENODEV       | has no driver",
        "OPEN       | EBUSY        | end that first",
        "OPEN       | ETXTBSY      | swapoff",
        "OPEN       | ESTALE       | mount the file system again",
        "OPEN       | EDOM         | check the path",
        // a file that is to be made
        "CREATE     | ENOENT       | create the folder",
        "CREATE     | EACCES       | allowed to make files",
        "CREATE     | EPERM        | chattr -i takes it away",
        "CREATE     | EROFS        | use another",
        "CREATE     | ENOSPC       | ext4 there has about 12900000 bytes free of about 1073741824 bytes: free some space",
        "CREATE     | EDQUOT       | quota -s",
        "CREATE     | ENAMETOOLONG | 255 bytes",
        // memory files
        "MEMFD      | ENOSYS       | 3.17",
        "MEMFD      | EACCES       | vm.memfd_noexec",
        "MEMFD      | EMFILE       | ulimit -n",
        "MEMFD      | EINVAL       | memory-backend-ram",
        // what was opened is looked at
        "LOOK       | EIO          | dmesg",
        "LOOK       | ESTALE       | mount the file system again",
        "LOOK       | EDOM         | check the file and its disk",
        // the file gets its size
        "GROW       | EFBIG        | ext4 can't hold a file of about 268435456 bytes",
        "GROW       | EPERM        | sealed",
        "GROW       | ETXTBSY      | swapoff",
        "GROW       | ENOSPC       | free some space",
        "SEAL       | EPERM        | set seal=off",
        // its space is set aside
        "ALLOCATE   | ENOSPC       | ext4 there has about 12900000 bytes free of about 1073741824 bytes",
        "ALLOCATE   | EDQUOT       | quota",
        "ALLOCATE   | EFBIG        | can't hold a file",
        "ALLOCATE   | EPERM        | chattr",
        "ALLOCATE   | EIO          | dmesg",
        "ALLOCATE   | ENODEV       | no regular file",
        "ALLOCATE   | EDOM         | reserve=off",
        "SYNC       | EIO          | dmesg",
        "SYNC       | EDQUOT       | quota",
        "SYNC       | EROFS        | mounted read-only",
        // addresses and mappings
        "RESERVE    | ENOMEM       | no address space is free",
        "MAP        | ENOMEM       | free some",
        "MAP        | EACCES       | append-only",
        "MAP        | EPERM        | sealed",
        "MAP        | ENODEV       | can't map files",
        "MAP        | EINVAL       | can't map this file so",
        "MAP        | ENXIO        | daxctl list",
        "MAP        | EAGAIN       | locked by another program",
        "MOVE       | ENOMEM       | free some",
        "MOVE       | EINVAL       | it stays where it is",
        // pages
        "BIND       | EINVAL       | /sys/devices/system/node/online",
        "BIND       | ENOSYS       | libnuma1",
        "BIND       | EPERM        | seccomp",
        "BIND       | EIO          | on other nodes",
        "POPULATE   | ENOMEM       | cgroup",
        "POPULATE   | EFAULT       | ext4 there has about 12900000 bytes free of about 1073741824 bytes",
        "POPULATE   | EHWPOISON    | dmesg",
        "POPULATE   | EDOM         | prealloc=off",
        // durability
        "WRITE_BACK | EIO          | dmesg",
        "WRITE_BACK | ENOSPC       | free some space",
        "WRITE_BACK | EDQUOT       | quota",
        "WRITE_BACK | EROFS        | become read-only",
        // who wrote what
        "TRACK      | ENOMEM       | 2 MiB of memory for each GiB",
        "TRACK      | EBUSY        | tracked already",
        "TRACK      | EPERM        | /dev/userfaultfd",
        "TRACK      | EMFILE       | ulimit -n",
        "TRACK      | ENOTTY       | Linux 6.12.3",
      })
  @DisplayName("what to do follows from the step and from the errno")
  void table(Step step, LinuxErrno errno, String words) {
    assertSays(Remedy.of(step, errno(errno), sharedFile(EXT4)), words);
  }

  @ParameterizedTest
  @EnumSource(Step.class)
  @DisplayName(
      "whatever the errno, it is half a sentence; and nobody is sent for space who has enough")
  void everyErrno(Step step) {
    Set<LinuxErrno> ofSpace = Set.of(LinuxErrno.ENOSPC, LinuxErrno.EDQUOT, LinuxErrno.EFAULT);
    for (LinuxErrno symbol : LinuxErrno.values()) {
      String remedy = Remedy.of(step, errno(symbol), file(EXT4));
      String told = step + " " + symbol + ": " + remedy;
      assertFalse(remedy.isBlank(), told);
      assertFalse(remedy.endsWith("."), told);
      assertEquals(1, remedy.lines().count(), told);
      assertTrue(ofSpace.contains(symbol) || !remedy.contains("some space"), told);
    }
    assertEquals(step.remedy(), Remedy.of(step, new Errno(4095, ""), file(EXT4)));
  }

  @Test
  @DisplayName("ENOSPC for want of inodes is told from ENOSPC for want of blocks")
  void inodes() {
    long tmpfs = CommonConstants.TMPFS_MAGIC;
    FileSystemStatus full = new FileSystemStatus(tmpfs, 4096, 1 << 30, 1 << 29, 10, 0);
    String remedy = Remedy.of(Step.CREATE, errno(LinuxErrno.ENOSPC), file(full));
    assertSays(remedy, "no inode left");
    assertSays(remedy, "its 10 files");
    assertSays(remedy, "nr_inodes=");
    assertSays(
        Remedy.of(Step.ALLOCATE, errno(LinuxErrno.ENOSPC), file(full)),
        "about 536870912 bytes free of about 1073741824 bytes");
  }

  @Test
  @DisplayName("a sysctl is read to its last digit")
  void sysctlOfThisHost() throws IOException, InterruptedException {
    Process cat = new ProcessBuilder("cat", "/proc/sys/vm/max_map_count").start();
    String shown = new String(cat.getInputStream().readAllBytes(), StandardCharsets.US_ASCII);
    assertTrue(cat.waitFor(10, TimeUnit.SECONDS));
    assertEquals(
        Long.parseLong(shown.strip()),
        Scene.of(Asked.PRIVATE_FILE).sysctl("vm/max_map_count").orElseThrow());
  }

  @Test
  @DisplayName("a full tmpfs is told how to become larger")
  void tmpfs() {
    FileSystemStatus small =
        new FileSystemStatus(CommonConstants.TMPFS_MAGIC, 4096, 32 << 20, 12 << 20, 0, 0);
    assertSays(
        Remedy.of(Step.ALLOCATE, errno(LinuxErrno.ENOSPC), file(small)),
        "tmpfs there has about 12582912 bytes free of about 33554432 bytes: free some space, ask for less, or mount it with a greater"
            + " size=");
  }

  @Test
  @DisplayName("EFBIG by a limit of the process is told from EFBIG by the file system")
  void fileSize() throws IOException {
    Files.writeString(
        limits, "Max file size             8388608              unlimited            bytes\n");
    assertSays(
        Remedy.of(Step.GROW, errno(LinuxErrno.EFBIG), file(EXT4)),
        "files of about 8388608 bytes at most: raise ulimit -f");
  }

  @Test
  @DisplayName("the limit of a hugetlbfs mount is told from the host's pool of huge pages")
  void hugePages() throws IOException {
    Path pool = Files.createDirectories(host.resolve("kernel/mm/hugepages/hugepages-2048kB"));
    Files.writeString(pool.resolve("free_hugepages"), "7\n");
    Files.writeString(pool.resolve("resv_hugepages"), "4\n");
    long magic = CommonConstants.HUGETLBFS_MAGIC;
    FileSystemStatus limited = new FileSystemStatus(magic, 2 << 20, 8 << 20, 4 << 20, 0, 0);
    FileSystemStatus unlimited = new FileSystemStatus(magic, 2 << 20);
    for (Step step : List.of(Step.ALLOCATE, Step.MAP, Step.POPULATE)) {
      Errno errno = errno(step == Step.ALLOCATE ? LinuxErrno.ENOSPC : LinuxErrno.ENOMEM);
      assertSays(
          Remedy.of(step, errno, file(limited)),
          "limited to 8388608 bytes, of which 4194304 bytes is free: ask for less, or mount it with a greater size=");
      String ofPool = Remedy.of(step, errno, file(unlimited));
      assertSays(ofPool, "the host has 3 huge pages of 2097152 bytes to spare");
      assertSays(ofPool, "vm.nr_hugepages");
    }
    assertSays(
        Remedy.of(
            Step.MAP,
            errno(LinuxErrno.ENOMEM),
            scene(new Asked(Optional.empty(), false, 2 << 20), unlimited)),
        "huge pages of 2097152 bytes to spare");
  }

  @Test
  @DisplayName("ENOMEM of a mapping: ulimit -v, the number of mappings, or what may be promised")
  void noMemory() throws IOException {
    Scene memory = scene(Asked.ANONYMOUS, new FileSystemStatus(0, 0));
    Errno enomem = errno(LinuxErrno.ENOMEM);
    assertSays(Remedy.of(Step.MAP, enomem, memory), "no memory left");
    sysctl("vm/overcommit_memory", 0);
    assertSays(Remedy.of(Step.MAP, enomem, memory), "reserve=off");
    assertSays(Remedy.of(Step.MAP, enomem, sharedFile(EXT4)), "no memory left");
    sysctl("vm/overcommit_memory", 2);
    assertSays(Remedy.of(Step.MAP, enomem, memory), "CommitLimit");
    sysctl("vm/max_map_count", 1001);
    assertSays(Remedy.of(Step.MAP, enomem, memory), "has 1000 mappings, and may have 1001");
    limit("Max address space         1073741824           unlimited            bytes");
    assertSays(
        Remedy.of(Step.MAP, enomem, memory),
        "addresses for about 1073741824 bytes at most: raise ulimit -v");
    assertSays(Remedy.of(Step.RESERVE, enomem, memory), "raise ulimit -v");
    limit("Max locked memory         65536                65536                bytes");
    assertSays(
        Remedy.of(Step.MAP, errno(LinuxErrno.EAGAIN), memory),
        "about 65536 bytes at most: raise ulimit -l");
  }

  @Test
  @DisplayName("what the host doesn't tell is left out")
  void nothingIsTold() {
    Scene blind =
        new Scene(
            Asked.PRIVATE_FILE, Optional.empty(), host.resolve("nowhere"), host.resolve("nowhere"));
    assertEquals(
        "free some space, ask for less, or use another file system",
        Remedy.of(Step.ALLOCATE, errno(LinuxErrno.ENOSPC), blind));
    assertEquals(
        "this process may open no more files: raise ulimit -n",
        Remedy.of(Step.OPEN, errno(LinuxErrno.EMFILE), blind));
    assertEquals(
        "the file system there can't hold a file of about 268435456 bytes: ask for less, or use another file system",
        Remedy.of(Step.GROW, errno(LinuxErrno.EFBIG), blind));
  }
}
