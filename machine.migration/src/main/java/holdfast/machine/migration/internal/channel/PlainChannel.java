package holdfast.machine.migration.internal.channel;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.SocketChannel;

/** A connection without TLS. Thread-safe as {@link PeerChannel} says. */
final class PlainChannel implements PeerChannel {
  private final SocketChannel socket;
  private final String peer;

  PlainChannel(SocketChannel socket, String peer) {
    this.socket = socket;
    this.peer = peer;
  }

  @Override
  public int read(ByteBuffer to) throws IOException {
    try {
      return socket.read(to);
    } catch (ClosedChannelException e) {
      throw e;
    } catch (IOException e) {
      throw broken(peer, e);
    }
  }

  @Override
  public int write(ByteBuffer from) throws IOException {
    try {
      return socket.write(from);
    } catch (ClosedChannelException e) {
      throw e;
    } catch (IOException e) {
      throw broken(peer, e);
    }
  }

  /** Returns what a socket's failure means. */
  static ChannelException broken(String peer, IOException failure) {
    return new ChannelException(
        peer,
        "the connection broke (" + failure.getMessage() + ")",
        "look at what the other side says, and at the network",
        failure);
  }

  @Override
  public String peer() {
    return peer;
  }

  @Override
  public boolean isOpen() {
    return socket.isOpen();
  }

  @Override
  public void close() throws IOException {
    socket.close();
  }
}
