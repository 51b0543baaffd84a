package holdfast.host.linux.internal;

import static holdfast.host.linux.KernelConstants.O_RDONLY;
import static holdfast.host.linux.KernelConstants.O_RDWR;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import holdfast.host.linux.Errno;
import holdfast.host.linux.ErrnoException;
import holdfast.host.linux.HostLibc;
import holdfast.host.linux.Libc;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Open file description locks, between descriptors of one process and between processes. */
@Timeout(60)
class OfdLockTest {
  private static final Libc LIBC = HostLibc.instance();

  @TempDir Path folder;
  private Path path;

  @BeforeEach
  void createFile() throws IOException {
    path = Files.write(folder.resolve("file"), new byte[10]);
  }

  /** A descriptor of the file. */
  private record Descriptor(int fd) implements AutoCloseable {
    boolean locks(boolean exclusive) throws ErrnoException {
      try {
        LIBC.fcntlOfdSetlk(fd, exclusive);
        return true;
      } catch (ErrnoException e) {
        if (e.is(Errno.EAGAIN) || e.is(Errno.EACCES)) {
          return false;
        }
        throw e;
      }
    }

    @Override
    public void close() throws ErrnoException {
      LIBC.close(fd);
    }
  }

  private Descriptor open(int flags) throws ErrnoException {
    return new Descriptor(LIBC.open(path, flags | LIBC.constants().openCloexec(), 0));
  }

  @Test
  @DisplayName("one writer keeps everybody out, and its close lets the next one in")
  void oneWriter() throws ErrnoException {
    try (Descriptor other = open(O_RDWR)) {
      try (Descriptor writer = open(O_RDWR)) {
        assertTrue(writer.locks(true));
        assertFalse(other.locks(true));
        assertFalse(other.locks(false));
      }
      assertTrue(other.locks(true));
    }
  }

  @Test
  @DisplayName("readers share, on read-only descriptors too, and keep writers out")
  void readersShare() throws ErrnoException {
    try (Descriptor one = open(O_RDONLY);
        Descriptor two = open(O_RDWR)) {
      assertTrue(one.locks(false));
      assertTrue(two.locks(false));
      assertFalse(two.locks(true));
    }
  }

  @Test
  @DisplayName("a question says whether a writer has it locked, and is in nobody's way")
  void question() throws ErrnoException {
    try (Descriptor one = open(O_RDONLY);
        Descriptor two = open(O_RDWR)) {
      assertFalse(LIBC.fcntlOfdGetlk(one.fd()));
      assertTrue(two.locks(true), "the question left a lock");
      assertTrue(LIBC.fcntlOfdGetlk(one.fd()));
      assertFalse(LIBC.fcntlOfdGetlk(two.fd()), "its own lock");
      assertTrue(two.locks(false));
      assertFalse(LIBC.fcntlOfdGetlk(one.fd()), "a reader's lock");
    }
  }

  @Test
  @DisplayName("the lock stays when another descriptor of the file is closed by this process")
  void theLockIsTheDescriptors() throws ErrnoException, IOException {
    try (Descriptor writer = open(O_RDWR)) {
      assertTrue(writer.locks(true));
      FileChannel.open(path, StandardOpenOption.WRITE).close();
      open(O_RDWR).close();
      try (Descriptor other = open(O_RDWR)) {
        assertFalse(other.locks(true));
      }
    }
  }

  @Test
  @DisplayName("another process can't take a lock that is held here")
  void heldHere() throws Exception {
    try (Descriptor writer = open(O_RDWR)) {
      assertTrue(writer.locks(true));
      try (Neighbour neighbour = new Neighbour(path)) {
        assertEquals("refused", neighbour.says());
      }
    }
  }

  @Test
  @DisplayName("a lock that another process holds is not taken here, until that process ends")
  void heldThere() throws Exception {
    try (Descriptor writer = open(O_RDWR)) {
      try (Neighbour neighbour = new Neighbour(path)) {
        assertEquals("locked", neighbour.says());
        assertFalse(writer.locks(true));
        assertFalse(writer.locks(false));
      }
      assertTrue(writer.locks(true));
    }
  }

  /** A process that tries to lock a file, says whether it could, and holds on until it is ended. */
  private static final class Neighbour implements AutoCloseable {
    private final Process process;

    Neighbour(Path path) throws IOException {
      process =
          new ProcessBuilder(
                  Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                  "-XX:TieredStopAtLevel=1",
                  "-XX:+UseSerialGC",
                  "-cp",
                  System.getProperty("java.class.path"),
                  Neighbour.class.getName(),
                  path.toString())
              .redirectError(ProcessBuilder.Redirect.INHERIT)
              .start();
    }

    String says() throws IOException {
      BufferedReader out = process.inputReader();
      return out.readLine();
    }

    @Override
    public void close() throws IOException, InterruptedException {
      process.getOutputStream().close();
      assertTrue(process.waitFor(30, TimeUnit.SECONDS), "the other process does not end");
      assertEquals(0, process.exitValue());
    }

    public static void main(String[] arguments) throws IOException {
      try (FileChannel channel = FileChannel.open(Path.of(arguments[0]), StandardOpenOption.WRITE);
          FileLock lock = channel.tryLock()) {
        System.out.println(lock == null ? "refused" : "locked");
        while (System.in.read() >= 0) {}
      }
    }
  }
}
