package holdfast.itest;

import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.EOFException;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/**
 * What is between two machines: it hands on the frames of one migration, up to one that it keeps
 * back. So each side stays in a known phase for as long as a test wants.
 */
final class MigrationWire implements AutoCloseable {
  /** The types of frames, which the source or the destination sends. */
  enum Frame {
    RAM(2),
    MOVED(6),
    ACCEPT(16),
    READY(18),
    OWNED(19);

    private final int code;

    Frame(int code) {
      this.code = code;
    }
  }

  /** How much memory is handed on before a piece of it is kept back. */
  private static final long SOME_MEMORY = 1 << 20;

  private final Path socket;
  private final ServerSocketChannel server;
  private final Path to;
  private final Frame kept;
  private final CountDownLatch reached = new CountDownLatch(1);
  private final CountDownLatch cut = new CountDownLatch(1);
  private long handedOn;

  private MigrationWire(Path socket, ServerSocketChannel server, Path to, Frame kept) {
    this.socket = socket;
    this.server = server;
    this.to = to;
    this.kept = kept;
  }

  /**
   * Waits for a source at a socket.
   *
   * @param to where the destination listens
   * @param kept what is not handed on, nor anything behind it
   */
  static MigrationWire open(Path socket, Path to, Frame kept) throws IOException {
    Files.deleteIfExists(socket);
    ServerSocketChannel server = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
    server.bind(UnixDomainSocketAddress.of(socket));
    MigrationWire wire = new MigrationWire(socket, server, to, kept);
    Thread.ofPlatform().daemon().start(wire::serve);
    return wire;
  }

  private void serve() {
    try (SocketChannel source = server.accept();
        SocketChannel destination = SocketChannel.open(UnixDomainSocketAddress.of(to))) {
      Thread.ofPlatform().daemon().start(() -> handOn(destination, source, 0));
      Thread.ofPlatform().daemon().start(() -> handOn(source, destination, Integer.BYTES));
      cut.await();
    } catch (IOException | InterruptedException e) {
      cut.countDown();
    }
  }

  /**
   * Hands frames on until one is kept back or a side is gone.
   *
   * @param before how many bytes come before the first frame
   */
  private void handOn(SocketChannel from, SocketChannel into, int before) {
    try {
      send(receive(from, before), into);
      while (true) {
        ByteBuffer head = receive(from, Byte.BYTES + Integer.BYTES);
        ByteBuffer content = receive(from, head.getInt(Byte.BYTES));
        if (isKept(head.get(0), content)) {
          reached.countDown();
          return;
        }
        send(head, into);
        send(content, into);
      }
    } catch (IOException e) {
      cut.countDown();
    }
  }

  private boolean isKept(int type, ByteBuffer content) {
    if (type != kept.code) {
      return false;
    }
    handedOn += content.remaining();
    return kept != Frame.RAM || handedOn > SOME_MEMORY;
  }

  private static ByteBuffer receive(SocketChannel from, int length) throws IOException {
    ByteBuffer into = ByteBuffer.allocate(length);
    while (into.hasRemaining()) {
      if (from.read(into) < 0) {
        throw new EOFException();
      }
    }
    return into.flip();
  }

  private static void send(ByteBuffer from, SocketChannel into) throws IOException {
    while (from.hasRemaining()) {
      into.write(from);
    }
  }

  /** Waits until the frame has come that is kept back. */
  void awaitKept() throws InterruptedException {
    assertTrue(reached.await(60, TimeUnit.SECONDS), () -> "no " + kept + " came");
  }

  /** Cuts the connection, of which both sides hear. */
  @Override
  public void close() throws IOException {
    cut.countDown();
    server.close();
    Files.deleteIfExists(socket);
  }
}
