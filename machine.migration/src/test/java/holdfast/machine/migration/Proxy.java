package holdfast.machine.migration;

import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;

/** A connection between a source and a destination that is cut after so many bytes of one side. */
final class Proxy implements AutoCloseable {
  private final ServerSocketChannel server;
  private final Path destination;
  private final long fromSource;
  private final long fromDestination;

  /** Whether the source's bytes count from the destination's second answer on. */
  private final boolean afterReady;

  /** Whether a connection comes before, of which nothing is cut. */
  private final boolean behindHandover;

  private volatile long answered;

  /**
   * @param fromSource how many bytes of the source are handed on; negative for all
   * @param afterReady whether these count from when the destination has said that all is there
   * @param fromDestination the same of the destination
   */
  Proxy(Path at, Path destination, long fromSource, boolean afterReady, long fromDestination)
      throws IOException {
    this(at, destination, fromSource, afterReady, fromDestination, false);
  }

  /**
   * @param behindHandover whether it is the second connection that is cut
   */
  Proxy(
      Path at,
      Path destination,
      long fromSource,
      boolean afterReady,
      long fromDestination,
      boolean behindHandover)
      throws IOException {
    this.server =
        ServerSocketChannel.open(StandardProtocolFamily.UNIX).bind(UnixDomainSocketAddress.of(at));
    this.destination = destination;
    this.fromSource = fromSource;
    this.afterReady = afterReady;
    this.fromDestination = fromDestination;
    this.behindHandover = behindHandover;
    Thread.ofVirtual().start(this::serve);
  }

  private void serve() {
    if (behindHandover) {
      serveHandover();
    }
    try (SocketChannel source = server.accept();
        SocketChannel there = SocketChannel.open(UnixDomainSocketAddress.of(destination))) {
      Thread back = Thread.ofVirtual().start(() -> answers(there, source));
      requests(source, there);
      back.join();
    } catch (IOException | InterruptedException e) {
      // it is cut
    }
  }

  private void serveHandover() {
    try (SocketChannel source = server.accept();
        SocketChannel there = SocketChannel.open(UnixDomainSocketAddress.of(destination))) {
      Thread back = Thread.ofVirtual().start(() -> pass(there, source));
      pass(source, there);
      back.join();
    } catch (IOException | InterruptedException e) {
      // it is over
    }
  }

  private static void pass(SocketChannel from, SocketChannel to) {
    ByteBuffer buffer = ByteBuffer.allocate(1 << 10);
    try {
      while (from.read(buffer.clear()) >= 0) {
        write(buffer.flip(), to);
      }
      to.shutdownOutput();
    } catch (IOException e) {
      // it is over
    }
  }

  private void requests(SocketChannel from, SocketChannel to) {
    ByteBuffer buffer = ByteBuffer.allocateDirect(1 << 16);
    long left = fromSource;
    try (from;
        to) {
      while (from.read(buffer.clear()) >= 0) {
        buffer.flip();
        boolean counts = fromSource >= 0 && (!afterReady || answered >= READY);
        if (counts && buffer.remaining() >= left) {
          buffer.limit((int) left);
          write(buffer, to);
          return;
        }
        left -= counts ? buffer.remaining() : 0;
        write(buffer, to);
      }
    } catch (IOException e) {
      // it is cut
    }
  }

  /** After so many bytes the destination has said that all is there: two frames, one with 8. */
  static final int READY = 5 + 5 + 8;

  private void answers(SocketChannel from, SocketChannel to) {
    ByteBuffer buffer = ByteBuffer.allocate(1 << 10);
    long left = fromDestination;
    try (from;
        to) {
      while (from.read(buffer.clear()) >= 0) {
        buffer.flip();
        answered += buffer.remaining();
        if (fromDestination >= 0 && buffer.remaining() >= left) {
          buffer.limit((int) left);
          write(buffer, to);
          return;
        }
        left -= buffer.remaining();
        write(buffer, to);
      }
    } catch (IOException e) {
      // it is cut
    }
  }

  private static void write(ByteBuffer from, SocketChannel to) throws IOException {
    while (from.hasRemaining()) {
      to.write(from);
    }
  }

  @Override
  public void close() throws IOException {
    server.close();
  }
}
