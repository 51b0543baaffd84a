package holdfast.machine.migration.internal.channel;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import holdfast.machine.migration.internal.channel.Kind.Pair;
import holdfast.machine.migration.internal.channel.MigrationAddress.Tcp;
import holdfast.machine.migration.internal.channel.MigrationAddress.Unix;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.SocketException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/** Connections over real sockets, with TLS and without. */
@Timeout(value = 120, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class PeerChannelTest {
  private static final Duration SHORT = Duration.ofMillis(300);

  @TempDir static Path shared;
  private static Certificates certificates;

  @TempDir Path folder;

  @BeforeAll
  static void makeCertificates() throws Exception {
    certificates = Certificates.make(shared);
  }

  private static byte[] randomBytes(int length, long seed) {
    byte[] bytes = new byte[length];
    new Random(seed).nextBytes(bytes);
    return bytes;
  }

  private static void writeAll(PeerChannel to, byte[] bytes, int piece, boolean direct)
      throws IOException {
    ByteBuffer buffer = direct ? ByteBuffer.allocateDirect(piece) : ByteBuffer.allocate(piece);
    for (int at = 0; at < bytes.length; at += piece) {
      buffer.clear().put(bytes, at, Math.min(piece, bytes.length - at)).flip();
      while (buffer.hasRemaining()) {
        to.write(buffer);
      }
    }
  }

  private static byte[] readAll(PeerChannel from, int length, int piece, boolean direct)
      throws IOException {
    ByteBuffer all = direct ? ByteBuffer.allocateDirect(length) : ByteBuffer.allocate(length);
    while (all.hasRemaining()) {
      all.limit(Math.min(all.capacity(), all.position() + piece));
      if (from.read(all) < 0) {
        break;
      }
      all.limit(all.capacity());
    }
    byte[] bytes = new byte[all.flip().remaining()];
    all.get(bytes);
    return bytes;
  }

  private static <T> FutureTask<T> start(boolean virtual, Callable<T> task) {
    FutureTask<T> result = new FutureTask<>(task);
    Thread thread = virtual ? Thread.ofVirtual().unstarted(result) : new Thread(result);
    thread.start();
    return result;
  }

  @ParameterizedTest
  @EnumSource(Kind.class)
  @DisplayName("what is written comes, in both directions at once, in pieces of any size")
  void bothDirections(Kind kind) throws Exception {
    byte[] there = randomBytes(3_000_001, 1);
    byte[] back = randomBytes(2_000_003, 2);
    int[] pieces = {1 << 18, 7919, 300_007};
    for (int number = 0; number < pieces.length; number++) {
      int piece = pieces[number];
      boolean direct = number == 0;
      try (Pair pair = kind.pair(folder, certificates)) {
        FutureTask<byte[]> server =
            start(true, () -> readAll(pair.server(), there.length, piece, direct));
        FutureTask<byte[]> client =
            start(false, () -> readAll(pair.client(), back.length, piece, direct));
        FutureTask<Boolean> answers =
            start(
                true,
                () -> {
                  writeAll(pair.server(), back, piece, direct);
                  return true;
                });
        writeAll(pair.client(), there, piece, direct);
        assertTrue(answers.get(60, TimeUnit.SECONDS));
        assertArrayEquals(there, server.get(60, TimeUnit.SECONDS));
        assertArrayEquals(back, client.get(60, TimeUnit.SECONDS));
      }
    }
  }

  @ParameterizedTest
  @EnumSource(Kind.class)
  @DisplayName(
      "all that was written before a close comes, and then the end, though nobody read back")
  void endAfterAll(Kind kind) throws Exception {
    byte[] all = randomBytes(1_500_000, 3);
    try (Pair pair = kind.pair(folder, certificates)) {
      FutureTask<Boolean> sender =
          start(
              true,
              () -> {
                writeAll(pair.client(), all, 1 << 18, true);
                pair.client().close();
                return true;
              });
      assertArrayEquals(all, readAll(pair.server(), all.length, 50_000, false));
      assertEquals(-1, pair.server().read(ByteBuffer.allocate(1)));
      assertEquals(-1, pair.server().read(ByteBuffer.allocateDirect(1 << 18)));
      pair.server().close();
      assertTrue(sender.get(60, TimeUnit.SECONDS));
      assertFalse(pair.client().isOpen());
      assertThrows(ClosedChannelException.class, () -> pair.client().write(ByteBuffer.allocate(1)));
      assertThrows(ClosedChannelException.class, () -> pair.server().read(ByteBuffer.allocate(1)));
    }
  }

  private static Stream<Arguments> kindsAndThreads() {
    return Stream.of(Kind.values())
        .flatMap(kind -> Stream.of(Arguments.of(kind, false), Arguments.of(kind, true)));
  }

  @ParameterizedTest
  @MethodSource("kindsAndThreads")
  @DisplayName("a close by another thread ends a blocked read, and the peer gets an end")
  void closedRead(Kind kind, boolean virtual) throws Exception {
    try (Pair pair = kind.pair(folder, certificates)) {
      CompletableFuture<Thread> reader = new CompletableFuture<>();
      FutureTask<Integer> read =
          start(
              virtual,
              () -> {
                reader.complete(Thread.currentThread());
                return pair.client().read(ByteBuffer.allocate(1));
              });
      Thread thread = reader.get(30, TimeUnit.SECONDS);
      while (!isInSocket(thread)) {
        Thread.onSpinWait();
      }
      pair.client().close();
      ExecutionException ended =
          assertThrows(ExecutionException.class, () -> read.get(30, TimeUnit.SECONDS));
      assertInstanceOf(ClosedChannelException.class, ended.getCause());
      assertEquals(-1, pair.server().read(ByteBuffer.allocate(1)));
    }
  }

  private static boolean isInSocket(Thread thread) {
    return Arrays.stream(thread.getStackTrace())
        .anyMatch(frame -> frame.getClassName().contains("SocketChannelImpl"));
  }

  @ParameterizedTest
  @MethodSource("kindsAndThreads")
  @DisplayName("a close by another thread ends a blocked write; with TLS the peer sees it cut off")
  void closedWrite(Kind kind, boolean virtual) throws Exception {
    try (Pair pair = kind.pair(folder, certificates)) {
      AtomicLong written = new AtomicLong();
      CompletableFuture<Thread> writer = new CompletableFuture<>();
      ByteBuffer much = ByteBuffer.allocate(1 << 20);
      FutureTask<Boolean> write =
          start(
              virtual,
              () -> {
                writer.complete(Thread.currentThread());
                while (true) {
                  written.addAndGet(pair.client().write(much.clear()));
                }
              });
      Thread thread = writer.get(30, TimeUnit.SECONDS);
      for (long before = -1; before != written.get() || !isInSocket(thread); ) {
        before = written.get();
        Thread.sleep(200); // that nothing happens any more is no event
      }
      assertFalse(write.isDone());
      pair.client().close();
      ExecutionException ended =
          assertThrows(ExecutionException.class, () -> write.get(30, TimeUnit.SECONDS));
      assertInstanceOf(ClosedChannelException.class, ended.getCause());
      if (kind == Kind.UNIX_TLS || kind == Kind.TCP_TLS) {
        IOException cut =
            assertThrows(
                IOException.class,
                () -> {
                  while (pair.server().read(much.clear()) >= 0) {
                    Thread.onSpinWait();
                  }
                });
        assertTrue(
            ("" + cut.getMessage()).matches(".*(cut off|connection broke).*"), cut.toString());
      }
    }
  }

  private static void assertRefused(String problem, MigrationAddress address, Duration limit) {
    String sentence =
        assertThrows(
                ChannelException.class,
                () -> PeerChannel.connect(address, Optional.empty(), "", limit))
            .getMessage();
    assertTrue(("" + sentence).contains(address + ": "), sentence);
    assertTrue(("" + sentence).contains(problem), sentence);
  }

  @Test
  @DisplayName("where nobody listens, or nothing is that could, a sentence says so")
  void nobodyThere() throws Exception {
    try (ServerSocketChannel gone = ServerSocketChannel.open(StandardProtocolFamily.INET)) {
      gone.bind(new InetSocketAddress("127.0.0.1", 0));
      int port = ((InetSocketAddress) gone.getLocalAddress()).getPort();
      gone.close();
      assertRefused("nobody listens there", new Tcp("127.0.0.1", port), Kind.LIMIT);
    }
    assertRefused("the host is not known", new Tcp("nobody.invalid", 1), Kind.LIMIT);
    assertRefused("the port is missing", new Tcp("127.0.0.1", 0), Kind.LIMIT);
    assertRefused("no such socket", new Unix(folder.resolve("none")), Kind.LIMIT);
    Path stale = folder.resolve("stale");
    ServerSocketChannel.open(StandardProtocolFamily.UNIX)
        .bind(UnixDomainSocketAddress.of(stale))
        .close();
    assertRefused("nobody listens there", new Unix(stale), Kind.LIMIT);
    assertRefused("a regular file", new Unix(Files.createFile(folder.resolve("x"))), Kind.LIMIT);
    Path pipe = folder.resolve("pipe");
    assertEquals(0, new ProcessBuilder("mkfifo", pipe.toString()).start().waitFor());
    assertRefused("a FIFO", new Unix(pipe), Kind.LIMIT);
    assertThrows(
        IllegalArgumentException.class,
        () ->
            PeerChannel.connect(new MigrationAddress.File(pipe), Optional.empty(), "", Kind.LIMIT));
  }

  @Test
  @DisplayName("a destination that is stopped, and takes nobody, costs no more than the limit")
  void stopped() throws Exception {
    Path path = folder.resolve("s");
    List<SocketChannel> waiting = new ArrayList<>();
    try (ServerSocketChannel stopped = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
      stopped.bind(UnixDomainSocketAddress.of(path), 1);
      assertThrows(
          SocketException.class,
          () -> {
            while (true) {
              SocketChannel client = SocketChannel.open(StandardProtocolFamily.UNIX);
              waiting.add(client);
              client.configureBlocking(false);
              client.connect(UnixDomainSocketAddress.of(path));
            }
          });
      assertRefused("accepted nobody within 300 ms", new Unix(path), SHORT);
    } finally {
      for (SocketChannel client : waiting) {
        client.close();
      }
    }
  }

  @Test
  @DisplayName("a TLS peer that says nothing costs no more than the limit")
  void silentServer() throws Exception {
    try (ServerSocketChannel silent = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
      Path path = folder.resolve("s");
      silent.bind(UnixDomainSocketAddress.of(path));
      TlsCredentials client = certificates.good("client");
      IOException late =
          assertThrows(
              IOException.class,
              () ->
                  PeerChannel.connect(new Unix(path), Optional.of(client), "holdfast.test", SHORT));
      assertTrue(("" + late.getMessage()).contains("the TLS handshake"), late.toString());
      assertTrue(("" + late.getMessage()).contains("within 0."), late.toString());
    }
  }

  @Test
  @DisplayName("keys are made anew in the middle of a stream that nobody answers")
  void newKeys() throws Exception {
    Path limits = Files.writeString(folder.resolve("limits"), KeyUpdates.LIMITS);
    Process process =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Djava.security.properties=" + limits,
                "-Djavax.net.debug=ssl:handshake",
                "-cp",
                System.getProperty("java.class.path"),
                KeyUpdates.class.getName(),
                folder.toString())
            .redirectErrorStream(true)
            .start();
    String says = new String(process.getInputStream().readAllBytes(), UTF_8);
    assertEquals(0, process.waitFor(), () -> tail(says));
    assertTrue(says.contains("\"KeyUpdate\""), () -> tail(says));
  }

  private static String tail(String text) {
    return text.substring(Math.max(0, text.length() - 4000));
  }

  /** A process in which a key is good for a MiB. */
  static final class KeyUpdates {
    static final String LIMITS =
        "jdk.tls.keyLimits=AES/GCM/NoPadding KeyUpdate 2^20, "
            + "ChaCha20-Poly1305 KeyUpdate 2^20\n";

    public static void main(String[] arguments) throws Exception {
      Path folder = Path.of(arguments[0]);
      byte[] all = randomBytes(12 << 20, 4);
      try (Pair pair = Kind.UNIX_TLS.pair(folder, Certificates.make(folder))) {
        FutureTask<byte[]> read =
            start(true, () -> readAll(pair.server(), all.length, 1 << 18, true));
        writeAll(pair.client(), all, 1 << 18, true);
        assertArrayEquals(all, read.get(60, TimeUnit.SECONDS));
      }
    }
  }
}
