package holdfast.host.linux.files;

import holdfast.host.linux.Errno;
import holdfast.host.linux.ErrnoException;
import holdfast.host.linux.HostLibc;
import holdfast.host.linux.SocketCalls;
import java.io.IOException;
import java.nio.channels.ClosedChannelException;
import java.nio.file.Path;
import java.util.concurrent.locks.ReentrantLock;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A UNIX socket in the file system that waits for a {@link DescriptorChannel}. As of a {@link
 * SocketFile}, its owner alone can connect to it.
 *
 * <p>Thread-safe.
 */
public final class DescriptorListener implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(DescriptorListener.class);
  private static final SocketCalls SOCKETS = HostLibc.sockets();

  private final SocketPlace place;
  private final int fd;

  /** Held while the descriptor is used, so that nobody uses the number after it is closed. */
  private final ReentrantLock use = new ReentrantLock();

  private volatile boolean closed;

  private DescriptorListener(SocketPlace place, int fd) {
    this.place = place;
    this.fd = fd;
  }

  /**
   * Makes a socket that listens.
   *
   * @param owner the word before "socket" in what is said of it
   * @param path where it is to be, in a folder that exists
   * @throws SocketFileException if something is in its place that must stay, or it can't be made
   */
  public static DescriptorListener open(String owner, Path path) throws SocketFileException {
    int fd;
    try {
      fd = SOCKETS.socket();
    } catch (ErrnoException e) {
      throw new SocketFileException(
          owner,
          path,
          e.call() + ": " + e.errno(),
          "ulimit -n says how many files may be open",
          null);
    }
    boolean made = false;
    try {
      SocketPlace place = SocketPlace.take(owner, path, first -> listen(fd, first));
      made = true;
      return new DescriptorListener(place, fd);
    } finally {
      if (!made) {
        DescriptorChannel.closeQuietly(fd);
      }
    }
  }

  private static void listen(int fd, Path at) throws IOException {
    try {
      SOCKETS.listen(fd, at);
    } catch (ErrnoException e) {
      throw new IOException(e.call() + ": " + e.errno(), e);
    }
  }

  /**
   * Waits for the next who connects.
   *
   * @throws ClosedChannelException if it is closed
   * @throws IOException if one could not be accepted; others can come
   */
  public DescriptorChannel accept() throws IOException {
    use.lock();
    try {
      while (true) {
        if (closed) {
          throw new ClosedChannelException();
        }
        try {
          return new DescriptorChannel(SOCKETS.accept(fd), place.path());
        } catch (ErrnoException e) {
          if (!e.is(Errno.EINTR) && !closed) {
            throw new IOException(place.path() + ": " + e.call() + ": " + e.errno(), e);
          }
        }
      }
    } finally {
      use.unlock();
    }
  }

  /** Returns where it is. */
  public Path path() {
    return place.path();
  }

  /**
   * Listens no more, which ends {@link #accept}, and removes the file, unless something else has
   * taken its place.
   */
  @Override
  public void close() {
    if (closed) {
      return;
    }
    closed = true;
    try {
      SOCKETS.shutdown(fd); // ends an accept4(2) that waits
    } catch (ErrnoException e) {
      LOG.debug("{}: {}", place.path(), e.getMessage());
    }
    use.lock();
    try {
      DescriptorChannel.closeQuietly(fd);
    } finally {
      use.unlock();
    }
    place.leave();
  }
}
