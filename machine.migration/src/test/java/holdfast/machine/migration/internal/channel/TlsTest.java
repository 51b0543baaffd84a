package holdfast.machine.migration.internal.channel;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import holdfast.machine.migration.internal.channel.Kind.Pair;
import holdfast.machine.migration.internal.channel.MigrationAddress.Tcp;
import holdfast.machine.migration.internal.channel.MigrationAddress.Unix;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLServerSocket;
import javax.net.ssl.SSLSocket;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Whom TLS lets in, and whom it trusts: against the JDK's own sockets as peers that err. */
@Timeout(value = 120, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class TlsTest {
  private static final MigrationAddress ANY_PORT = new Tcp("127.0.0.1", 0);

  @TempDir static Path shared;
  private static Certificates certificates;

  @TempDir Path folder;

  @BeforeAll
  static void makeCertificates() throws Exception {
    certificates = Certificates.make(shared);
  }

  private static Listening listen() throws Exception {
    return Listening.open(ANY_PORT, Optional.of(certificates.good("server")));
  }

  private static PeerChannel connect(MigrationAddress to, String hostname) throws Exception {
    return PeerChannel.connect(
        to, Optional.of(certificates.good("client")), hostname, Duration.ofSeconds(30));
  }

  private static void assertRefused(String problem, MigrationAddress to, String hostname) {
    String sentence =
        "" + assertThrows(ChannelException.class, () -> connect(to, hostname)).getMessage();
    assertTrue(sentence.contains(problem), sentence);
    assertTrue(sentence.contains(to.toString()), sentence);
  }

  /** Checks that nobody was let in so far, and that somebody who may come in still is. */
  private static void assertNextIsGood(Listening listening) throws Exception {
    PeerChannel client = connect(listening.address(), "");
    client.write(ByteBuffer.wrap("good".getBytes(UTF_8)));
    PeerChannel server = listening.accept();
    ByteBuffer said = ByteBuffer.allocate(4);
    assertEquals(4, server.read(said));
    assertEquals("good", new String(said.array(), UTF_8));
    Kind.end(client, server);
  }

  private static SSLSocket socket(SSLContext context, Listening to) throws IOException {
    Tcp address = (Tcp) to.address();
    SSLSocket socket =
        (SSLSocket) context.getSocketFactory().createSocket(address.host(), address.port());
    socket.setSoTimeout(30_000);
    return socket;
  }

  @ParameterizedTest
  @DisplayName("a client without a certificate of the CA that is valid now is not let in, and told")
  @CsvSource({
    "none,TLSv1.3",
    "none,TLSv1.2",
    "other-client,TLSv1.3",
    "expired-client,TLSv1.3",
    "expired-client,TLSv1.2",
    "server,TLSv1.3"
  })
  void badClient(String own, String protocol) throws Exception {
    SSLContext context = own.equals("none") ? certificates.careless() : certificates.careless(own);
    try (Listening listening = listen();
        SSLSocket client = socket(context, listening)) {
      client.setEnabledProtocols(new String[] {protocol});
      IOException told =
          assertThrows(
              IOException.class,
              () -> {
                client.startHandshake();
                client.getInputStream().read(); // with TLS 1.3 it is told when it has done its part
              });
      assertTrue(("" + told.getMessage()).contains("alert"), told.toString());
      assertNextIsGood(listening);
    }
  }

  @Test
  @DisplayName("TLS 1.2 is spoken with who knows no better")
  void older() throws Exception {
    try (Listening listening = listen();
        SSLSocket client = socket(certificates.careless("client"), listening)) {
      client.setEnabledProtocols(new String[] {"TLSv1.2"});
      client.startHandshake();
      client.getOutputStream().write("old".getBytes(UTF_8));
      try (PeerChannel server = listening.accept()) {
        ByteBuffer said = ByteBuffer.allocate(100);
        assertEquals(3, server.read(said));
        client.close();
        assertEquals(-1, server.read(said));
      }
    }
  }

  @Test
  @DisplayName("a client whose certificate was revoked is told so by its first read")
  void revoked() throws Exception {
    Path files = certificates.folder("ca", "server", "server");
    certificates.revoke("client", files);
    try (Listening listening =
            Listening.open(ANY_PORT, Optional.of(TlsCredentials.read(files, true)));
        PeerChannel client = connect(listening.address(), "")) {
      String sentence =
          ""
              + assertThrows(ChannelException.class, () -> client.read(ByteBuffer.allocate(1)))
                  .getMessage();
      assertTrue(sentence.contains("the peer refused this side's TLS"), sentence);
    }
  }

  @Test
  @DisplayName("a client that only writes is told, too, that it was refused, and by whom")
  void revokedWriter() throws Exception {
    Path files = certificates.folder("ca", "server", "server");
    certificates.revoke("client", files);
    try (Listening listening =
            Listening.open(ANY_PORT, Optional.of(TlsCredentials.read(files, true)));
        PeerChannel client = connect(listening.address(), "")) {
      ByteBuffer much = ByteBuffer.allocateDirect(1 << 18);
      String sentence =
          ""
              + assertThrows(
                      ChannelException.class,
                      () -> {
                        while (true) {
                          client.write(much.clear());
                        }
                      })
                  .getMessage();
      assertTrue(sentence.contains(listening.address().toString()), sentence);
      assertTrue(sentence.contains("the peer refused this side's TLS"), sentence);
    }
  }

  @ParameterizedTest
  @DisplayName("a server that is not who it is to be is not trusted, and the sentence says why")
  @CsvSource({
    "other-server,'',is not one of this side's CA",
    "expired-server,'',has expired",
    "server,another.test,another host's",
    "client,'',not for its side"
  })
  void badServer(String own, String hostname, String problem) throws Exception {
    try (SSLServerSocket server =
        (SSLServerSocket)
            certificates.careless(own).getServerSocketFactory().createServerSocket()) {
      server.bind(new InetSocketAddress("127.0.0.1", 0));
      FutureTask<Boolean> answer =
          new FutureTask<>(
              () -> {
                try (SSLSocket client = (SSLSocket) server.accept()) {
                  client.setSoTimeout(30_000);
                  client.startHandshake();
                  return client.getInputStream().read() < 0;
                } catch (IOException e) {
                  return true;
                }
              });
      Thread.ofVirtual().start(answer);
      assertRefused(problem, new Tcp("127.0.0.1", server.getLocalPort()), hostname);
      assertTrue(answer.get(30, TimeUnit.SECONDS));
    }
  }

  @Test
  @DisplayName("the certificate's host is that of the address, or the one that is named")
  void hostNames() throws Exception {
    try (Listening listening = listen()) {
      Kind.end(connect(listening.address(), ""), listening.accept());
      Kind.end(connect(listening.address(), "holdfast.test"), listening.accept());
      assertRefused("another host's", listening.address(), "holdfast.tests");
    }
    try (Listening listening =
        Listening.open(new Unix(folder.resolve("s")), Optional.of(certificates.good("server")))) {
      assertRefused("this address has none", listening.address(), "");
      Kind.end(connect(listening.address(), "holdfast.test"), listening.accept());
    }
  }

  @ParameterizedTest
  @DisplayName("plain text at a TLS port, or a peer that hangs up there, is not let in")
  @ValueSource(strings = {"GET / HTTP/1.1\r\n\r\n", "QEVM\0\0\0\3", ""})
  void plainClient(String text) throws Exception {
    try (Listening listening = listen()) {
      Tcp address = (Tcp) listening.address();
      try (SocketChannel client =
          SocketChannel.open(new InetSocketAddress(address.host(), address.port()))) {
        client.write(ByteBuffer.wrap(text.getBytes(UTF_8)));
        client.shutdownOutput();
        ByteBuffer answer = ByteBuffer.allocate(1000);
        while (client.read(answer.clear()) >= 0) {
          Thread.onSpinWait(); // an alert, or nothing
        }
      }
      assertNextIsGood(listening);
    }
  }

  @ParameterizedTest
  @DisplayName("a server that speaks no TLS, or hangs up, is a sentence")
  @CsvSource({"220 hello,does not speak TLS", "'',hung up"})
  void plainServer(String text, String problem) throws Exception {
    Path path = folder.resolve("s");
    try (ServerSocketChannel plain = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
      plain.bind(UnixDomainSocketAddress.of(path));
      FutureTask<Boolean> answer =
          new FutureTask<>(
              () -> {
                try (SocketChannel client = plain.accept()) {
                  client.read(ByteBuffer.allocate(10_000));
                  client.write(ByteBuffer.wrap(text.getBytes(UTF_8)));
                }
                return true;
              });
      Thread.ofVirtual().start(answer);
      assertRefused(problem, new Unix(path), "holdfast.test");
      assertTrue(answer.get(30, TimeUnit.SECONDS));
    }
  }

  @Test
  @DisplayName("a stream that is cut off is an error, behind all that came before; never an end")
  void cutOff() throws Exception {
    try (Pair pair = Kind.UNIX_TLS.pair(folder, certificates)) {
      pair.client().write(ByteBuffer.allocate(100_000));
      ((TlsChannel) pair.client()).cut();
      ByteBuffer all = ByteBuffer.allocate(100_001);
      String sentence =
          ""
              + assertThrows(
                      ChannelException.class,
                      () -> {
                        while (pair.server().read(all) >= 0) {
                          Thread.onSpinWait();
                        }
                      })
                  .getMessage();
      assertEquals(100_000, all.position());
      assertTrue(
          sentence.matches(".*(cut off|connection broke).*"), sentence); // as the kernel says
    }
  }

  @Test
  @DisplayName("a record that was changed on its way is an error")
  void tampered() throws Exception {
    Path path = folder.resolve("s");
    try (Listening listening =
            Listening.open(
                new Unix(folder.resolve("real")), Optional.of(certificates.good("server")));
        ServerSocketChannel between = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
      between.bind(UnixDomainSocketAddress.of(path));
      FutureTask<Boolean> meddler =
          new FutureTask<>(() -> meddle(between.accept(), ((Unix) listening.address()).path()));
      Thread.ofVirtual().start(meddler);
      PeerChannel client = connect(new Unix(path), "holdfast.test");
      try (PeerChannel server = listening.accept()) {
        client.write(ByteBuffer.allocate(5000)); // longer than anything in a handshake
        String sentence =
            ""
                + assertThrows(ChannelException.class, () -> server.read(ByteBuffer.allocate(5000)))
                    .getMessage();
        assertTrue(sentence.contains("TLS failed"), sentence);
      }
      client.close();
      assertTrue(meddler.get(30, TimeUnit.SECONDS));
    }
  }

  /** Hands on both directions, and changes the last byte of what is longer than a handshake. */
  private static boolean meddle(SocketChannel client, Path to) throws Exception {
    try (client;
        SocketChannel server = SocketChannel.open(UnixDomainSocketAddress.of(to))) {
      Thread.ofVirtual()
          .start(
              () -> {
                try {
                  copy(server, client, false);
                } catch (IOException e) {
                  throw new AssertionError(e);
                }
              });
      copy(client, server, true);
    } catch (IOException gone) {
      return true;
    }
    return true;
  }

  private static void copy(SocketChannel from, SocketChannel to, boolean change)
      throws IOException {
    ByteBuffer buffer = ByteBuffer.allocate(1 << 16);
    while (from.read(buffer.clear()) >= 0) {
      int last = buffer.flip().limit() - 1;
      if (change && last > 4000) {
        buffer.put(last, (byte) ~buffer.get(last));
      }
      to.write(buffer);
    }
    to.shutdownOutput();
  }
}
