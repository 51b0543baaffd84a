package holdfast.machine.migration.internal.channel;

import holdfast.host.linux.FileStatus;
import holdfast.host.linux.files.FoundFile;
import holdfast.machine.migration.internal.channel.MigrationAddress.Cpr;
import holdfast.machine.migration.internal.channel.MigrationAddress.File;
import holdfast.machine.migration.internal.channel.MigrationAddress.Tcp;
import holdfast.machine.migration.internal.channel.MigrationAddress.Unix;
import java.io.IOException;
import java.net.ConnectException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketException;
import java.net.SocketTimeoutException;
import java.net.StandardProtocolFamily;
import java.net.StandardSocketOptions;
import java.net.UnixDomainSocketAddress;
import java.net.UnknownHostException;
import java.nio.channels.ClosedByInterruptException;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/** Connects a socket within a limit. Used by one thread. */
final class Connecting {
  private static final String START_IT = "start the destination first, with -incoming";

  /** How long to wait for a socket's backlog to get shorter, of which no event tells. */
  private static final long RETRY_NANOS = TimeUnit.MILLISECONDS.toNanos(20);

  private final MigrationAddress address;
  private final Duration limit;
  private final long begin = System.nanoTime();

  Connecting(MigrationAddress address, Duration limit) {
    if (address instanceof File) {
      throw new IllegalArgumentException(address + " is no socket");
    }
    this.address = address;
    this.limit = limit;
  }

  /** Returns how much time is left, at least a millisecond. */
  Duration left() {
    Duration left = limit.minusNanos(System.nanoTime() - begin);
    return left.toMillis() > 0 ? left : Duration.ofMillis(1);
  }

  private boolean isLate() {
    return System.nanoTime() - begin >= limit.toNanos();
  }

  /** Returns the host of the address; empty if it has none. */
  String hostname() {
    return address instanceof Tcp tcp ? tcp.host() : "";
  }

  SocketChannel connect() throws IOException {
    try {
      return switch (address) {
        case Unix(var path) -> unix(path);
        case Cpr(var path) -> unix(path);
        case Tcp(var host, var port) -> tcp(host, port);
        case File file -> throw new IllegalArgumentException(file.toString());
      };
    } catch (ChannelException | ClosedChannelException e) {
      throw e;
    } catch (ConnectException e) {
      throw refused("nobody listens there (" + e.getMessage() + ")", START_IT, e);
    } catch (SocketTimeoutException e) {
      throw refused(
          "it did not answer within " + limit.toMillis() + " ms",
          "check that the destination runs, and what is between",
          e);
    } catch (UnknownHostException e) {
      throw refused("the host is not known", "check its name, or give its address", e);
    } catch (IOException e) {
      throw refused("" + e.getMessage(), "check the address and who may connect to it", e);
    }
  }

  /**
   * Connects to a UNIX socket. A connect(2) that waits for who is stopped can't be ended. One that
   * doesn't wait tells by EAGAIN that too many are waiting already, unix(7), of which Java makes an
   * exception like any other.
   */
  private SocketChannel unix(Path path) throws IOException {
    while (true) {
      requireSocket(path);
      SocketChannel channel = SocketChannel.open(StandardProtocolFamily.UNIX);
      boolean connected = false;
      try {
        channel.configureBlocking(false);
        connected = channel.connect(UnixDomainSocketAddress.of(path));
        if (connected) {
          channel.configureBlocking(true);
          return channel;
        }
      } catch (ConnectException e) {
        throw e; // nobody listens
      } catch (SocketException e) {
        if (!Files.isWritable(path)) {
          throw e; // what connecting needs, unix(7)
        }
        if (isLate()) {
          throw refused(
              "it accepted nobody within " + limit.toMillis() + " ms (" + e.getMessage() + ")",
              "check that the destination runs and isn't stopped",
              e);
        }
      } finally {
        if (!connected) {
          channel.close();
        }
      }
      LockSupport.parkNanos(RETRY_NANOS);
      if (Thread.currentThread().isInterrupted()) {
        throw new ClosedByInterruptException();
      }
    }
  }

  private void requireSocket(Path path) throws IOException {
    Optional<FileStatus> status = FoundFile.status(path);
    if (status.isEmpty()) {
      throw refused("there is no such socket", START_IT, null);
    }
    if (status.get().type() != FileStatus.Type.SOCKET) {
      throw refused("there is " + status.get().type() + ", and no socket", START_IT, null);
    }
  }

  private SocketChannel tcp(String host, int port) throws IOException {
    if (port == 0) {
      throw refused("the port is missing", "give the one at which the destination listens", null);
    }
    IOException failure = null;
    for (InetAddress each : InetAddress.getAllByName(host)) {
      try {
        return tcp(new InetSocketAddress(each, port));
      } catch (ClosedChannelException e) {
        throw e;
      } catch (IOException e) {
        failure = failure == null ? e : failure;
      }
      if (isLate()) {
        break;
      }
    }
    throw failure == null ? new UnknownHostException(host) : failure;
  }

  private SocketChannel tcp(InetSocketAddress to) throws IOException {
    SocketChannel channel = SocketChannel.open();
    try {
      forStream(channel);
      channel.socket().connect(to, (int) Math.min(left().toMillis(), Integer.MAX_VALUE));
      return channel;
    } catch (IOException | RuntimeException e) {
      channel.close();
      throw e;
    }
  }

  /** Sets what a TCP connection needs: answers are not kept back, and a dead peer is noticed. */
  static void forStream(SocketChannel channel) throws IOException {
    channel.setOption(StandardSocketOptions.TCP_NODELAY, true);
    channel.setOption(StandardSocketOptions.SO_KEEPALIVE, true);
  }

  ChannelException refused(String problem, String advice, @Nullable Throwable cause) {
    return new ChannelException(address.toString(), problem, advice, cause);
  }
}
