package holdfast.host.linux.files;

import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A UNIX socket in the file system that only its owner can connect to: at no moment can somebody
 * else, and nothing that is in its place is overwritten but a socket on which nobody listens.
 *
 * <p>Thread-safe.
 */
public final class SocketFile implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(SocketFile.class);

  private final SocketPlace place;
  private final ServerSocketChannel channel;

  private SocketFile(SocketPlace place, ServerSocketChannel channel) {
    this.place = place;
    this.channel = channel;
  }

  /**
   * Makes a socket that listens.
   *
   * @param owner the word before "socket" in what is said of it, such as {@code QMP}
   * @param path where it is to be, in a folder that exists
   * @throws SocketFileException if something is in its place that must stay, or it can't be made
   */
  public static SocketFile open(String owner, Path path) throws SocketFileException {
    ServerSocketChannel channel;
    try {
      channel = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
    } catch (IOException e) {
      throw new SocketFileException(owner, path, "" + e.getMessage(), "ulimit -n says how many", e);
    }
    boolean made = false;
    try {
      SocketPlace place =
          SocketPlace.take(owner, path, first -> channel.bind(UnixDomainSocketAddress.of(first)));
      made = true;
      return new SocketFile(place, channel);
    } finally {
      if (!made) {
        closeQuietly(channel);
      }
    }
  }

  /**
   * Waits for the next client.
   *
   * @throws java.nio.channels.ClosedChannelException if no more will come
   */
  public SocketChannel accept() throws IOException {
    return channel.accept();
  }

  /** Returns where it is. */
  public Path path() {
    return place.path();
  }

  /** Listens no more, and removes the file, unless something else has taken its place. */
  @Override
  public void close() {
    closeQuietly(channel);
    place.leave();
  }

  private static void closeQuietly(ServerSocketChannel channel) {
    try {
      channel.close();
    } catch (IOException e) {
      LOG.debug("closing a socket", e);
    }
  }
}
