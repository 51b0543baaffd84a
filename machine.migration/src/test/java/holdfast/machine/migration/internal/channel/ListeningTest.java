package holdfast.machine.migration.internal.channel;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import holdfast.machine.migration.internal.channel.MigrationAddress.Tcp;
import holdfast.machine.migration.internal.channel.MigrationAddress.Unix;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Where senders connect: what is there while it listens, who is let in, and the end of it. */
@Timeout(value = 120, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class ListeningTest {
  private static final int MANY = 100;

  @TempDir static Path shared;
  private static Certificates certificates;

  @TempDir Path folder;

  @BeforeAll
  static void makeCertificates() throws Exception {
    certificates = Certificates.make(shared);
  }

  private static Listening plain(MigrationAddress address) throws IOException {
    return Listening.open(address, Optional.empty());
  }

  private static void assertRefused(MigrationAddress address, String problem) {
    String sentence = "" + assertThrows(IOException.class, () -> plain(address)).getMessage();
    assertTrue(sentence.contains(problem), sentence);
  }

  @Test
  @DisplayName("a UNIX socket is its owner's alone, replaces a stale one only, and is gone at last")
  void unixSocket() throws Exception {
    Path path = folder.resolve("s");
    ServerSocketChannel.open(StandardProtocolFamily.UNIX)
        .bind(UnixDomainSocketAddress.of(path))
        .close();
    try (Listening listening = plain(new Unix(path))) {
      assertEquals("rw-------", PosixFilePermissions.toString(Files.getPosixFilePermissions(path)));
      assertEquals(new Unix(path), listening.address());
      assertRefused(new Unix(path), "migration socket " + path + ": another process listens there");
    }
    assertFalse(Files.exists(path));
    Path file = Files.writeString(folder.resolve("file"), "precious");
    assertRefused(new Unix(file), "a file that is no socket");
    assertRefused(
        new Unix(Files.createSymbolicLink(folder.resolve("link"), file)),
        "a file that is no socket");
    assertEquals("precious", Files.readString(file));
  }

  @Test
  @DisplayName("a port is at the named address alone, and is told")
  void port() throws Exception {
    try (Listening listening = plain(new Tcp("127.0.0.1", 0))) {
      Tcp address = (Tcp) listening.address();
      assertTrue(address.port() > 0);
      SocketChannel.open(new InetSocketAddress("127.0.0.1", address.port())).close();
      assertThrows(
          IOException.class,
          () -> SocketChannel.open(new InetSocketAddress("127.0.0.2", address.port())).close());
      assertRefused(address, address + ": nobody can listen there");
    }
    assertRefused(new Tcp("192.0.2.1", 0), "nobody can listen there");
    assertRefused(new Tcp("nobody.invalid", 0), "the host is not known");
  }

  @ParameterizedTest
  @EnumSource(Kind.class)
  @DisplayName("a close ends an accept, and whoever was connected and not accepted")
  void closed(Kind kind) throws Exception {
    Listening listening = kind.listen(folder, certificates);
    FutureTask<PeerChannel> accept = new FutureTask<>(listening::accept);
    Thread thread = new Thread(accept);
    thread.start();
    listening.close();
    ExecutionException ended =
        assertThrows(ExecutionException.class, () -> accept.get(30, TimeUnit.SECONDS));
    assertInstanceOf(ClosedChannelException.class, ended.getCause());
    assertThrows(ClosedChannelException.class, listening::accept);
    assertThrows(IOException.class, () -> kind.connect(listening, certificates));
    try (var files = Files.list(folder)) {
      assertEquals(0, files.count());
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 1})
  @DisplayName("a hundred clients that don't go on keep nobody out, and are cut off but for eight")
  void halfOpen(int said) throws Exception {
    List<SocketChannel> silent = new ArrayList<>();
    try (Listening listening = Kind.UNIX_TLS.listen(folder, certificates)) {
      Path path = ((Unix) listening.address()).path();
      for (int number = 0; number < MANY; number++) {
        SocketChannel client = SocketChannel.open(UnixDomainSocketAddress.of(path));
        silent.add(client);
        client.write(ByteBuffer.wrap(new byte[] {22}).limit(said)); // a handshake's first byte
      }
      try (PeerChannel client = Kind.UNIX_TLS.connect(listening, certificates);
          PeerChannel server = listening.accept()) {
        assertEquals(1, client.write(ByteBuffer.allocate(1)));
        assertEquals(1, server.read(ByteBuffer.allocate(1)));
      }
      for (SocketChannel client : silent.subList(0, MANY - Lobby.MOST)) {
        assertTrue(isCutOff(client)); // waits for it
      }
      int open = 0;
      for (SocketChannel client : silent.subList(MANY - Lobby.MOST, MANY)) {
        client.configureBlocking(false);
        open += isOpen(client) ? 1 : 0;
      }
      assertTrue(open >= Lobby.MOST - 1, open + " are left"); // one made way for who was let in
    } finally {
      for (SocketChannel client : silent) {
        client.close();
      }
    }
  }

  private static boolean isOpen(SocketChannel client) {
    try {
      return client.read(ByteBuffer.allocate(1)) == 0;
    } catch (IOException e) {
      return false; // cut off with its byte unread
    }
  }

  private static boolean isCutOff(SocketChannel client) throws IOException {
    try {
      return client.read(ByteBuffer.allocate(1)) < 0;
    } catch (IOException reset) { // with something that was not read
      return true;
    }
  }

  @Test
  @DisplayName("an accept that is interrupted ends")
  void interrupted() throws Exception {
    try (Listening listening = Kind.TCP_TLS.listen(folder, certificates)) {
      FutureTask<PeerChannel> accept = new FutureTask<>(listening::accept);
      Thread thread = new Thread(accept);
      thread.start();
      thread.interrupt();
      assertThrows(ExecutionException.class, () -> accept.get(30, TimeUnit.SECONDS));
    }
  }
}
