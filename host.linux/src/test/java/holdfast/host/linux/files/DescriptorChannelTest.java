package holdfast.host.linux.files;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import holdfast.host.linux.Errno;
import holdfast.host.linux.ErrnoException;
import holdfast.host.linux.HostLibc;
import holdfast.host.linux.KernelConstants;
import holdfast.host.linux.Libc;
import java.io.EOFException;
import java.io.IOException;
import java.nio.channels.ClosedChannelException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.OptionalInt;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Proves that open descriptors go over a UNIX socket with their locks, and nothing is left. */
@Timeout(60)
class DescriptorChannelTest {
  private static final Libc LIBC = HostLibc.instance();
  private static final Duration LIMIT = Duration.ofSeconds(10);
  private static final Duration SHORT = Duration.ofMillis(50);

  @TempDir Path folder;

  private Path door() {
    return folder.resolve("door");
  }

  private interface Talk {
    void talk(DescriptorChannel giver, DescriptorChannel taker) throws Exception;
  }

  private void talk(Talk talk) throws Exception {
    try (DescriptorListener listener = DescriptorListener.open("test", door())) {
      assertEquals(
          "rw-------", PosixFilePermissions.toString(Files.getPosixFilePermissions(door())));
      try (DescriptorChannel giver = DescriptorChannel.connect(door());
          DescriptorChannel taker = listener.accept()) {
        talk.talk(giver, taker);
      }
    }
    assertFalse(Files.exists(door()));
  }

  @Test
  @DisplayName("what arrives is the same open file, whose lock lives as long as either descriptor")
  void lockGoesAlong() throws Exception {
    Path file = Files.write(folder.resolve("file"), new byte[10]);
    talk(
        (giver, taker) -> {
          int given = LIBC.open(file, KernelConstants.O_RDWR, 0);
          LIBC.fcntlOfdSetlk(given, true);
          giver.send("nv0".getBytes(UTF_8), OptionalInt.of(given), LIMIT);
          giver.send("end".getBytes(UTF_8), OptionalInt.empty(), LIMIT);
          byte[] name = new byte[3];
          int taken = taker.receive(name, LIMIT).orElseThrow();
          assertArrayEquals("nv0".getBytes(UTF_8), name);
          assertEquals(OptionalInt.empty(), taker.receive(name, LIMIT));
          assertArrayEquals("end".getBytes(UTF_8), name);
          assertEquals(
              LIBC.statx(given).identity(DescriptorChannelTest::identity),
              LIBC.statx(taken).identity(DescriptorChannelTest::identity));
          LIBC.close(given);
          int other = LIBC.open(file, KernelConstants.O_RDWR, 0);
          ErrnoException locked =
              assertThrows(ErrnoException.class, () -> LIBC.fcntlOfdSetlk(other, true));
          assertTrue(locked.is(Errno.EAGAIN) || locked.is(Errno.EACCES));
          LIBC.close(taken);
          LIBC.fcntlOfdSetlk(other, true);
          LIBC.close(other);
        });
  }

  private static String identity(int major, int minor, long inode) {
    return major + ":" + minor + ":" + inode;
  }

  @Test
  @DisplayName("who says nothing is not waited for for ever, nor one who doesn't listen")
  void limits() throws Exception {
    talk(
        (giver, taker) -> {
          assertFalse(taker.awaitInput(SHORT));
          assertThrows(IOException.class, () -> taker.receive(new byte[1], SHORT));
          byte[] much = new byte[1 << 20];
          assertThrows(IOException.class, () -> giver.send(much, OptionalInt.empty(), SHORT));
        });
  }

  @Test
  @DisplayName("the end of the other side is told, also in the middle")
  void ends() throws Exception {
    talk(
        (giver, taker) -> {
          giver.send(new byte[1], OptionalInt.empty(), LIMIT);
          giver.close();
          assertTrue(taker.awaitInput(LIMIT));
          assertThrows(EOFException.class, () -> taker.receive(new byte[2], LIMIT));
          assertThrows(
              IOException.class, () -> taker.send(new byte[1], OptionalInt.empty(), LIMIT));
          assertThrows(ClosedChannelException.class, () -> giver.awaitInput(SHORT));
        });
  }

  @Test
  @DisplayName("a descriptor that comes with what is never complete is closed")
  void nothingLeaks() throws Exception {
    Path file = Files.write(folder.resolve("file"), new byte[10]);
    talk(
        (giver, taker) -> {
          int given = LIBC.open(file, KernelConstants.O_RDWR, 0);
          giver.send(new byte[1], OptionalInt.of(given), LIMIT);
          LIBC.fcntlOfdSetlk(given, true);
          LIBC.close(given);
          giver.close();
          assertThrows(EOFException.class, () -> taker.receive(new byte[2], LIMIT));
          int other = LIBC.open(file, KernelConstants.O_RDWR, 0);
          LIBC.fcntlOfdSetlk(other, true); // as nobody has it open any more
          LIBC.close(other);
        });
  }

  @Test
  @DisplayName("one who waits for a client is freed by close, and nobody can connect afterwards")
  void closeFrees() throws Exception {
    DescriptorListener listener = DescriptorListener.open("test", door());
    CompletableFuture<Object> accepted = CompletableFuture.supplyAsync(() -> accept(listener));
    try (DescriptorChannel _ = DescriptorChannel.connect(door())) {
      assertTrue(accepted.get(10, TimeUnit.SECONDS) instanceof DescriptorChannel);
    }
    ((DescriptorChannel) accepted.get()).close();
    CompletableFuture<Object> waiting = CompletableFuture.supplyAsync(() -> accept(listener));
    listener.close();
    assertTrue(waiting.get(10, TimeUnit.SECONDS) instanceof ClosedChannelException);
    assertThrows(IOException.class, () -> DescriptorChannel.connect(door()));
    listener.close();
  }

  private static Object accept(DescriptorListener listener) {
    try {
      return listener.accept();
    } catch (IOException e) {
      return e;
    }
  }
}
