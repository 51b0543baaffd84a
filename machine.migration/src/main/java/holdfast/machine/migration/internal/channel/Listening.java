package holdfast.machine.migration.internal.channel;

import holdfast.host.linux.files.SocketFile;
import holdfast.machine.migration.internal.channel.MigrationAddress.Cpr;
import holdfast.machine.migration.internal.channel.MigrationAddress.File;
import holdfast.machine.migration.internal.channel.MigrationAddress.Tcp;
import holdfast.machine.migration.internal.channel.MigrationAddress.Unix;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.StandardProtocolFamily;
import java.net.UnknownHostException;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A socket to which senders connect. A UNIX socket is one that its owner alone can connect to, and
 * is removed at the end; a TCP port is bound at the named address alone ({@code 0.0.0.0} stands for
 * every one of IPv4, {@code [::]} for every one of both). Thread-safe.
 */
public final class Listening implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(Listening.class);

  private final MigrationAddress address;
  private final Door door;
  private final @Nullable Lobby lobby;

  /** What is listened to. */
  interface Door extends AutoCloseable {
    /**
     * Waits for the next client.
     *
     * @throws java.nio.channels.ClosedChannelException if no more will come
     */
    SocketChannel accept() throws IOException;

    @Override
    void close();
  }

  private Listening(MigrationAddress address, Door door, @Nullable Lobby lobby) {
    this.address = address;
    this.door = door;
    this.lobby = lobby;
  }

  /**
   * Starts to listen.
   *
   * @param address of a socket
   * @param tls of a server; empty for no TLS. With it, only clients whose certificate is signed by
   *     the CA are let in
   * @throws IOException if nobody can listen there; the message is a sentence
   * @throws IllegalArgumentException if it is the address of a file, or the credentials are those
   *     of a client
   */
  public static Listening open(MigrationAddress address, Optional<TlsCredentials> tls)
      throws IOException {
    if (tls.isPresent() && !tls.get().isServer()) {
      throw new IllegalArgumentException("these are the credentials of a client");
    }
    return switch (address) {
      case Unix(var path) -> open(address, unix(path), tls);
      case Cpr(var path) -> open(address, unix(path), tls);
      case Tcp tcp -> {
        ServerSocketChannel channel = bound(tcp);
        int port = ((InetSocketAddress) channel.getLocalAddress()).getPort();
        yield open(new Tcp(tcp.host(), port), new TcpDoor(channel), tls);
      }
      case File file -> throw new IllegalArgumentException(file + " is no socket");
    };
  }

  private static Door unix(Path path) throws IOException {
    return new UnixDoor(SocketFile.open("migration", path));
  }

  private static Listening open(MigrationAddress at, Door door, Optional<TlsCredentials> tls) {
    Lobby lobby = tls.isEmpty() ? null : Lobby.open(at, door, tls.get());
    LOG.info("migration, {}: a sender can connect{}", at, lobby == null ? "" : ", with TLS");
    return new Listening(at, door, lobby);
  }

  private static ServerSocketChannel bound(Tcp tcp) throws IOException {
    try {
      InetAddress host = InetAddress.getByName(tcp.host());
      // of its own family: one of both takes 0.0.0.0 for every address of IPv6, too
      ServerSocketChannel channel =
          ServerSocketChannel.open(
              host.getAddress().length == 4
                  ? StandardProtocolFamily.INET
                  : StandardProtocolFamily.INET6);
      try {
        return channel.bind(new InetSocketAddress(host, tcp.port()));
      } catch (IOException | RuntimeException e) {
        channel.close();
        throw e;
      }
    } catch (UnknownHostException e) {
      throw new ChannelException(
          tcp.toString(), "the host is not known", "give an address of this host", e);
    } catch (IOException | UnsupportedOperationException e) {
      throw new ChannelException(
          tcp.toString(),
          "nobody can listen there (" + e.getMessage() + ")",
          "choose a free port, and an address of this host",
          e);
    }
  }

  /** Returns where it is, with the port that was free if any was asked for. */
  public MigrationAddress address() {
    return address;
  }

  /**
   * Waits for the next sender; with TLS, for the next that has shown a certificate of the CA.
   *
   * @throws java.nio.channels.ClosedChannelException if no more will come
   * @throws IOException if one could not be accepted; others can come
   */
  public PeerChannel accept() throws IOException {
    if (lobby != null) {
      return lobby.next();
    }
    SocketChannel socket = door.accept();
    return new PlainChannel(socket, sender(address, socket));
  }

  /** Returns what is known of who connected. */
  static String sender(MigrationAddress at, SocketChannel socket) {
    InetSocketAddress from =
        (InetSocketAddress) (at instanceof Tcp ? socket.socket().getRemoteSocketAddress() : null);
    return from == null
        ? "a sender at " + at
        : "the sender "
            + new Tcp(from.getAddress().getHostAddress(), from.getPort()).toString().substring(4)
            + " at "
            + at;
  }

  /** Listens no more, and closes whom nobody has accepted. Those that were accepted stay. */
  @Override
  public void close() {
    door.close();
    if (lobby != null) {
      lobby.close();
    }
  }

  /** A UNIX socket. */
  private record UnixDoor(SocketFile socket) implements Door {
    @Override
    public SocketChannel accept() throws IOException {
      return socket.accept();
    }

    @Override
    public void close() {
      socket.close();
    }
  }

  /** A port. */
  private record TcpDoor(ServerSocketChannel channel) implements Door {
    @Override
    public SocketChannel accept() throws IOException {
      SocketChannel client = channel.accept();
      try {
        Connecting.forStream(client);
        return client;
      } catch (IOException e) {
        client.close();
        throw e;
      }
    }

    @Override
    public void close() {
      try {
        channel.close();
      } catch (IOException e) {
        LOG.debug("closing a port", e);
      }
    }
  }
}
