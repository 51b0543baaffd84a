package holdfast.host.linux.files;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.stream.Stream;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The socket's file: who may connect, what it replaces, and what is left behind. */
class SocketFileTest {
  @TempDir Path folder;

  private void assertRefused(String part, Path path) {
    String sentence =
        assertThrows(SocketFileException.class, () -> SocketFile.open("test", path)).getMessage();
    assertTrue(sentence.contains(part), sentence);
  }

  private long files() throws Exception {
    try (Stream<Path> all = Files.list(folder)) {
      return all.count();
    }
  }

  @Test
  @DisplayName("its owner alone can connect, and it is gone at the end with nothing beside it")
  void ownerAlone() throws Exception {
    Path path = folder.resolve("s");
    try (SocketFile socket = SocketFile.open("test", path)) {
      assertEquals("rw-------", PosixFilePermissions.toString(Files.getPosixFilePermissions(path)));
      assertEquals(1, files());
      SocketChannel.open(UnixDomainSocketAddress.of(path)).close();
      socket.accept().close();
    }
    assertEquals(0, files());
  }

  @Test
  @DisplayName("a socket that was left behind is replaced; one that is in use is not")
  void stale() throws Exception {
    Path path = folder.resolve("s");
    try (ServerSocketChannel killed = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
      killed.bind(UnixDomainSocketAddress.of(path));
      assertRefused("another process listens there", path);
    }
    assertTrue(Files.exists(path));
    try (SocketFile socket = SocketFile.open("test", path)) {
      assertRefused("another process listens there", path);
      assertEquals(path, socket.path());
    }
    assertFalse(Files.exists(path));
  }

  @Test
  @DisplayName("a file that stands where the lock of a stale socket would be is not touched")
  void foreignLock() throws Exception {
    Path path = folder.resolve("s");
    ServerSocketChannel.open(StandardProtocolFamily.UNIX)
        .bind(UnixDomainSocketAddress.of(path))
        .close();
    Path lock = Files.writeString(folder.resolve(".s.lock"), "my thesis");
    assertRefused("a file that is no lock", path);
    assertEquals("my thesis", Files.readString(lock));
    Files.delete(lock);
    Files.createLink(lock, Files.createFile(folder.resolve("mine")));
    assertRefused("a file that is no lock", path);
    Files.delete(lock);
    Files.write(lock, new byte[] {0, 0, 1}); // as a killed process leaves it
    SocketFile.open("test", path).close();
    assertFalse(Files.exists(lock));
  }

  @Test
  @DisplayName("of many who find the same socket left behind, one takes its place")
  void staleForMany() throws Exception {
    Path path = folder.resolve("s");
    for (int round = 0; round < 20; round++) {
      ServerSocketChannel killed = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
      killed.bind(UnixDomainSocketAddress.of(path)).close();
      CountDownLatch begin = new CountDownLatch(1);
      List<CompletableFuture<Optional<SocketFile>>> all = new ArrayList<>();
      try (ExecutorService threads = Executors.newCachedThreadPool()) {
        for (int number = 0; number < 6; number++) {
          all.add(CompletableFuture.supplyAsync(() -> takeOver(begin, path), threads));
        }
        begin.countDown();
      }
      List<SocketFile> made = all.stream().flatMap(one -> one.join().stream()).toList();
      assertEquals(1, made.size());
      assertEquals(1, files());
      SocketChannel client = SocketChannel.open(UnixDomainSocketAddress.of(path));
      made.getFirst().accept().close();
      client.close();
      made.getFirst().close();
      assertEquals(0, files());
    }
  }

  private static Optional<SocketFile> takeOver(CountDownLatch begin, Path path) {
    try {
      begin.await();
      return Optional.of(SocketFile.open("test", path));
    } catch (SocketFileException e) {
      return Optional.empty();
    } catch (InterruptedException e) {
      throw new AssertionError(e);
    }
  }

  @Test
  @DisplayName("what is no socket stays as it is, and nothing is left of the attempt")
  void others() throws Exception {
    Path file = Files.writeString(folder.resolve("file"), "precious");
    assertRefused("a file that is no socket", file);
    assertRefused("it is a folder", Files.createDirectory(folder.resolve("folder")));
    assertRefused(
        "a file that is no socket", Files.createSymbolicLink(folder.resolve("link"), file));
    assertRefused("its folder does not exist", folder.resolve("none/s"));
    assertRefused("bytes too long", folder.resolve("x".repeat(120)));
    Path pipe = folder.resolve("pipe");
    assertEquals(0, new ProcessBuilder("mkfifo", pipe.toString()).start().waitFor());
    assertRefused("a file that is no socket", pipe);
    assertEquals("precious", Files.readString(file));
    assertEquals(4, files());
  }

  @Test
  @DisplayName("what somebody else has put in its place stays at the end")
  void replaced() throws Exception {
    Path path = folder.resolve("s");
    try (SocketFile socket = SocketFile.open("test", path)) {
      Files.delete(socket.path());
      Files.writeString(path, "another's");
    }
    assertEquals("another's", Files.readString(path));
  }
}
