package holdfast.itest.dax;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.function.Predicate;

/**
 * One port of a guest, seen from the host: a socket to which QEMU connects. A thread reads the
 * lines as they come and keeps them, until QEMU ends.
 *
 * <p>Thread-safe.
 */
final class LineSocket implements AutoCloseable {
  private static final Duration END_LIMIT = Duration.ofSeconds(30);

  private final ServerSocketChannel server;
  private final Thread reader;
  private final List<String> lines = new ArrayList<>();
  private SocketChannel peer;
  private boolean ended;

  /**
   * Listens.
   *
   * @param path a short one: a socket's has room for some hundred characters
   * @param onLine called with each line, in the reader's thread
   */
  LineSocket(Path path, Consumer<String> onLine) throws IOException {
    Files.deleteIfExists(path);
    server = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
    server.bind(UnixDomainSocketAddress.of(path));
    reader =
        Thread.ofPlatform().name("port " + path.getFileName()).daemon().start(() -> read(onLine));
  }

  private void read(Consumer<String> onLine) {
    try (SocketChannel accepted = server.accept()) {
      synchronized (this) {
        peer = accepted;
        notifyAll();
      }
      BufferedReader in = new BufferedReader(Channels.newReader(accepted, UTF_8));
      for (String line = in.readLine(); line != null; line = in.readLine()) {
        synchronized (this) {
          lines.add(line);
          notifyAll();
        }
        onLine.accept(line);
      }
    } catch (IOException gone) {
      // Killed, or never connected.
    } finally {
      synchronized (this) {
        ended = true;
        notifyAll();
      }
    }
  }

  /** Sends a line to the guest. */
  void send(String line) throws IOException {
    SocketChannel to;
    synchronized (this) {
      to = peer;
    }
    ByteBuffer bytes = UTF_8.encode(line + "\n");
    while (bytes.hasRemaining()) {
      to.write(bytes);
    }
  }

  /** The first line that is as wanted; empty if the guest ended or the time is over without it. */
  synchronized Optional<String> await(Duration limit, Predicate<String> wanted)
      throws InterruptedException {
    long end = System.nanoTime() + limit.toNanos();
    int seen = 0;
    while (true) {
      for (; seen < lines.size(); seen++) {
        if (wanted.test(lines.get(seen))) {
          return Optional.of(lines.get(seen));
        }
      }
      long left = (end - System.nanoTime()) / 1_000_000;
      if (ended || left <= 0) {
        return Optional.empty();
      }
      wait(left);
    }
  }

  /** Waits until all is read that QEMU, which has ended, left behind. */
  void awaitEnd() throws InterruptedException {
    if (!reader.join(END_LIMIT)) {
      throw new AssertionError("QEMU has ended, but not its port");
    }
  }

  /** The lines that have come. */
  synchronized List<String> linesSoFar() {
    return List.copyOf(lines);
  }

  @Override
  public void close() {
    try {
      server.close();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
