package holdfast.machine.migration.internal.channel;

import java.io.IOException;
import java.nio.channels.ByteChannel;
import java.nio.channels.SocketChannel;
import java.time.Duration;
import java.util.Optional;

/**
 * A connection to the other end of a migration. Reads and writes block. One thread may read while
 * another one writes; of several that do the same one waits for the other.
 *
 * <p>{@link #close} may be called by any thread. One that is blocked in a read or a write then gets
 * a {@link java.nio.channels.ClosedChannelException}. What was written before stays on its way to
 * the peer, unless a write was under way. With TLS it may take {@link TlsChannel#FAREWELL}: the
 * peer is told that this is the end, and is waited for.
 *
 * <p>With TLS a read returns -1 only if the peer has said that its stream ends; one that was cut
 * off is an error. An older QEMU (7.2, for one) does not say so and hangs up: who takes its stream
 * goes by the end that this has itself, and reads no further. A peer that refuses this side's
 * certificate may tell so by an error of the first read or write, since with TLS 1.3 it sees the
 * certificate last.
 */
public sealed interface PeerChannel extends ByteChannel permits PlainChannel, TlsChannel {

  /**
   * Connects to who listens at an address.
   *
   * @param address of a socket
   * @param tls who this is, and whom it trusts; empty for no TLS
   * @param hostname the name that the peer's certificate must have; empty for the host of the
   *     address
   * @param limit how long it may take, with TLS' handshake
   * @throws ChannelException if that can't be done
   * @throws java.nio.channels.ClosedByInterruptException if this thread is interrupted
   * @throws IllegalArgumentException if it is the address of a file, or the credentials are those
   *     of a server
   */
  static PeerChannel connect(
      MigrationAddress address, Optional<TlsCredentials> tls, String hostname, Duration limit)
      throws IOException {
    Connecting connecting = new Connecting(address, limit);
    String name = hostname.isEmpty() ? connecting.hostname() : hostname;
    if (tls.isPresent() && name.isEmpty()) {
      throw connecting.refused(
          "a certificate names a host, and this address has none",
          "say whose certificate is expected with tls-hostname",
          null);
    }
    SocketChannel socket = connecting.connect();
    if (tls.isEmpty()) {
      return new PlainChannel(socket, address.toString());
    }
    TlsChannel channel = new TlsChannel(socket, address.toString(), tls.get().client(name));
    channel.handshake(connecting.left());
    return channel;
  }

  /** Returns who is at the other end, for messages. */
  String peer();
}
