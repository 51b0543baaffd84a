package holdfast.host.linux.files;

import holdfast.host.linux.Errno;
import holdfast.host.linux.ErrnoException;
import holdfast.host.linux.HostLibc;
import holdfast.host.linux.SocketCalls;
import java.io.EOFException;
import java.io.IOException;
import java.nio.channels.ClosedChannelException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.OptionalInt;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A connection of a UNIX socket over which open descriptors go to another process: unix(7),
 * SCM_RIGHTS. What arrives is the same open file description, with its locks.
 *
 * <p>Used by one thread; another one may {@link #close} it, which ends what the first waits for.
 */
public final class DescriptorChannel implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(DescriptorChannel.class);
  private static final SocketCalls SOCKETS = HostLibc.sockets();

  private final int fd;
  private final Path path;

  /** Held while the descriptor is used, so that nobody uses the number after it is closed. */
  private final ReentrantLock use = new ReentrantLock();

  private volatile boolean closed;

  DescriptorChannel(int fd, Path path) {
    this.fd = fd;
    this.path = path;
  }

  /**
   * Connects to a {@link DescriptorListener}, without waiting.
   *
   * @throws IOException if nobody listens there, or too many wait already
   */
  public static DescriptorChannel connect(Path path) throws IOException {
    try {
      int fd = SOCKETS.socket();
      DescriptorChannel made = new DescriptorChannel(fd, path);
      try {
        SOCKETS.connect(fd, path);
        return made;
      } catch (ErrnoException e) {
        made.close();
        throw e;
      }
    } catch (ErrnoException e) {
      throw failure(path, e);
    }
  }

  /**
   * Sends bytes.
   *
   * @param descriptor goes with the first of them, and stays open here; empty for none
   * @throws IOException if the other side doesn't take them in time, or is gone
   */
  public void send(byte[] bytes, OptionalInt descriptor, Duration limit) throws IOException {
    long end = System.nanoTime() + limit.toNanos();
    int given = descriptor.orElse(-1);
    byte[] left = bytes;
    while (left.length > 0) {
      use.lock();
      try {
        await(true, end);
        int sent = SOCKETS.send(fd, left, given);
        given = -1;
        left = Arrays.copyOfRange(left, sent, left.length);
      } catch (ErrnoException e) {
        retry(e);
      } finally {
        use.unlock();
      }
    }
  }

  /**
   * Receives exactly as many bytes.
   *
   * @return the descriptor that came with one of them, the caller's to close; empty if none did
   * @throws EOFException if the other side ends before
   * @throws IOException if they don't come in time, or more than one descriptor comes
   */
  public OptionalInt receive(byte[] into, Duration limit) throws IOException {
    long end = System.nanoTime() + limit.toNanos();
    int descriptor = -1;
    int have = 0;
    boolean whole = false;
    try {
      while (have < into.length) {
        byte[] piece = new byte[into.length - have];
        use.lock();
        try {
          await(false, end);
          SocketCalls.Received received = SOCKETS.receive(fd, piece, piece.length);
          if (received.descriptor() >= 0) {
            if (descriptor >= 0) {
              closeQuietly(received.descriptor());
              throw new IOException(path + ": more than one descriptor came at once");
            }
            descriptor = received.descriptor();
          }
          if (received.length() == 0) {
            throw new EOFException(path + ": the other side has ended the connection");
          }
          System.arraycopy(piece, 0, into, have, received.length());
          have += received.length();
        } catch (ErrnoException e) {
          retry(e);
        } finally {
          use.unlock();
        }
      }
      whole = true;
      return descriptor < 0 ? OptionalInt.empty() : OptionalInt.of(descriptor);
    } finally {
      if (!whole && descriptor >= 0) {
        closeQuietly(descriptor);
      }
    }
  }

  /**
   * Waits until something has come, or the other side has ended.
   *
   * @return false if nothing has within the limit
   * @throws ClosedChannelException if it is closed here
   */
  public boolean awaitInput(Duration limit) throws IOException {
    use.lock();
    try {
      if (closed) {
        throw new ClosedChannelException();
      }
      return SOCKETS.poll(fd, false, (int) Math.min(limit.toMillis(), Integer.MAX_VALUE));
    } catch (ErrnoException e) {
      retry(e);
      return false;
    } finally {
      use.unlock();
    }
  }

  private void await(boolean output, long end) throws ErrnoException, IOException {
    if (closed) {
      throw new ClosedChannelException();
    }
    long left = TimeUnit.NANOSECONDS.toMillis(end - System.nanoTime());
    if (left <= 0 || !SOCKETS.poll(fd, output, (int) Math.min(left, Integer.MAX_VALUE))) {
      throw new IOException(path + ": the other side did not answer in time");
    }
    if (closed) {
      throw new ClosedChannelException();
    }
  }

  private void retry(ErrnoException e) throws IOException {
    if (!e.is(Errno.EAGAIN) && !e.is(Errno.EINTR)) {
      throw failure(path, e);
    }
  }

  private static IOException failure(Path path, ErrnoException e) {
    return new IOException(path + ": " + e.call() + ": " + e.errno(), e);
  }

  /** Closes a descriptor that came. */
  public static void closeQuietly(int descriptor) {
    try {
      HostLibc.instance().close(descriptor);
    } catch (ErrnoException e) {
      // Linux has released the descriptor whatever close(2) returns
      LOG.debug("close: {}", e.errno().toString());
    }
  }

  @Override
  public void close() {
    if (closed) {
      return;
    }
    closed = true;
    try {
      SOCKETS.shutdown(fd); // ends what the other thread waits for
    } catch (ErrnoException e) {
      LOG.debug("{}: {}", path, e.getMessage());
    }
    use.lock();
    try {
      closeQuietly(fd);
    } finally {
      use.unlock();
    }
  }
}
