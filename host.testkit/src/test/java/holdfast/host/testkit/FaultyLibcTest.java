package holdfast.host.testkit;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import holdfast.host.linux.Errno;
import holdfast.host.linux.ErrnoException;
import holdfast.host.linux.FileStatus;
import holdfast.host.linux.KernelConstants;
import holdfast.host.testkit.Fault.Harm;
import holdfast.host.testkit.FaultyLibc.SyncAnswer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class FaultyLibcTest {
  private final FaultyLibc libc = FaultyLibc.host();
  private final KernelConstants k = libc.constants();
  private final long page = libc.getpagesize();

  @TempDir Path folder;

  private long mapAnonymous(long address, int flags) throws ErrnoException {
    int all = KernelConstants.MAP_PRIVATE | k.mapAnonymous() | flags;
    return libc.mmap(address, page, KernelConstants.PROT_READ, all, -1, 0);
  }

  private int open(String name) throws IOException, ErrnoException {
    Path path = Files.write(folder.resolve(name), new byte[(int) page]);
    return libc.open(path, KernelConstants.O_RDWR | libc.constants().openCloexec(), 0);
  }

  @Test
  @DisplayName("without a command every call is the real one, and is written down")
  void realCallsAreWrittenDown() throws IOException, ErrnoException {
    int fd = open("file");
    assertEquals(FileStatus.Type.REGULAR, libc.statx(fd).type());
    assertEquals(page, libc.lseekEnd(fd));
    libc.close(fd);
    assertEquals(
        List.of(SystemCall.OPEN, SystemCall.STATX, SystemCall.LSEEK, SystemCall.CLOSE),
        libc.made().stream().map(RecordedCall::call).toList());
    assertEquals(List.of(fd), libc.made(SystemCall.LSEEK).getFirst().arguments());
    libc.forget();
    assertEquals(List.of(), libc.made());
  }

  @Test
  @DisplayName("the n-th call of a kind fails, and no other, with errno and call")
  void theNthCallFails() throws ErrnoException, IOException {
    libc.with(Fault.ofNth(SystemCall.LSEEK, 2, Errno.EIO));
    int fd = open("file");
    libc.lseekEnd(fd);
    ErrnoException failure = assertThrows(ErrnoException.class, () -> libc.lseekEnd(fd));
    assertEquals("lseek: EIO (Input/output error)", failure.getMessage());
    libc.lseekEnd(fd);
    libc.close(fd);
  }

  @Test
  @DisplayName("the n-th call of all fails, every call of a kind fails, and heal ends it")
  void otherCommands() throws ErrnoException {
    libc.with(Fault.ofCall(2, Errno.ENOMEM));
    long address = mapAnonymous(0, 0);
    assertThrows(ErrnoException.class, () -> libc.munmap(address, page));
    libc.with(Fault.ofEvery(SystemCall.MUNMAP, Errno.EINVAL));
    assertThrows(ErrnoException.class, () -> libc.munmap(address, page));
    assertThrows(ErrnoException.class, () -> libc.munmap(address, page));
    libc.heal();
    libc.munmap(address, page);
    assertEquals(List.of(), libc.mapped());
  }

  @Test
  @DisplayName("a refused MAP_FIXED leaves what stood there, or has removed it first, as commanded")
  void aRefusedMapFixed() throws ErrnoException {
    for (Harm harm : Harm.values()) {
      long address = mapAnonymous(0, 0);
      libc.with(Fault.ofMmapWith(k.mapFixed(), Errno.EOPNOTSUPP).doing(harm));
      assertThrows(ErrnoException.class, () -> mapAnonymous(address, k.mapFixed()));
      libc.heal();
      assertEquals(harm == Harm.NONE ? 1 : 0, libc.mapped().size());
      // NOREPLACE tells whether something stands there, without harm to it
      if (harm == Harm.NONE) {
        ErrnoException occupied =
            assertThrows(ErrnoException.class, () -> mapAnonymous(address, k.mapFixedNoreplace()));
        assertTrue(occupied.is(Errno.EEXIST));
      } else {
        assertEquals(address, mapAnonymous(address, k.mapFixedNoreplace()));
      }
      libc.munmap(address, page);
    }
  }

  @Test
  @DisplayName("a failing close has closed, a failing unlink has unlinked, if commanded so")
  void harmThatIsDone() throws IOException, ErrnoException {
    int fd = open("file");
    libc.with(Fault.ofEvery(SystemCall.CLOSE, Errno.EIO).doing(Harm.DONE));
    libc.with(Fault.ofEvery(SystemCall.UNLINK, Errno.EIO).doing(Harm.DONE));
    assertThrows(ErrnoException.class, () -> libc.close(fd));
    assertThrows(ErrnoException.class, () -> libc.unlink(folder.resolve("file")));
    assertEquals(Set.of(), libc.descriptors());
    assertTrue(Files.notExists(folder.resolve("file")));
  }

  @Test
  @DisplayName("it knows what it gave and has not got back")
  void holdings() throws IOException, ErrnoException {
    int fd = open("file");
    long address = mapAnonymous(0, 0);
    assertEquals(Set.of(fd), libc.descriptors());
    assertEquals(List.of(new AddressRange(address, address + page)), libc.mapped());
    libc.close(fd);
    libc.munmap(address, page);
    assertEquals(Set.of(), libc.descriptors());
    assertEquals(List.of(), libc.mapped());
  }

  @Test
  @DisplayName("files are other files, and on other file systems, as commanded")
  void otherAnswers() throws IOException, ErrnoException {
    libc.withCharacterDevice(252, 3).withHugetlbfs(2 << 20);
    int fd = open("file");
    assertEquals(FileStatus.Type.CHARACTER_DEVICE, libc.statx(fd).type());
    assertEquals(252, libc.statx(fd).specialMajor());
    assertEquals(3, libc.statx(fd).specialMinor());
    assertTrue(libc.fstatfs(fd).isHugetlbfs());
    assertEquals(2 << 20, libc.fstatfs(fd).blockSize());
    libc.withFileSystem(0xEF53);
    assertEquals("ext4", libc.fstatfs(fd).name());
    libc.close(fd);
  }

  @Test
  @DisplayName("MAP_SYNC on tmpfs is refused, or taken and shown, or taken and not shown")
  void mapSyncAsCommanded() throws IOException, ErrnoException {
    Path memory = Storage.tmpfs().newFolder();
    try {
      Path path = Files.write(memory.resolve("file"), new byte[(int) page]);
      int fd = libc.open(path, KernelConstants.O_RDWR | libc.constants().openCloexec(), 0);
      int flags = k.mapSharedValidate() | k.mapSync();
      assertThrows(
          ErrnoException.class, () -> libc.mmap(0, page, KernelConstants.PROT_READ, flags, fd, 0));
      for (SyncAnswer answer : List.of(SyncAnswer.TAKEN, SyncAnswer.TAKEN_IN_NAME_ONLY)) {
        libc.withSync(answer);
        long address = libc.mmap(0, page, KernelConstants.PROT_READ, flags, fd, 0);
        HostMapping seen = HostMapping.at(address).orElseThrow();
        assertEquals(answer == SyncAnswer.TAKEN, seen.vmFlags().contains("sf"));
        libc.munmap(address, page);
      }
      libc.close(fd);
    } finally {
      Storage.remove(memory);
    }
  }
}
