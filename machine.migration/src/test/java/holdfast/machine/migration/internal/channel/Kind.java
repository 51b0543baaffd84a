package holdfast.machine.migration.internal.channel;

import holdfast.machine.migration.internal.channel.MigrationAddress.Tcp;
import holdfast.machine.migration.internal.channel.MigrationAddress.Unix;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;

/** The kinds of connections there are. */
enum Kind {
  UNIX(false, false),
  TCP(true, false),
  UNIX_TLS(false, true),
  TCP_TLS(true, true);

  static final Duration LIMIT = Duration.ofSeconds(30);

  private final boolean tcp;
  private final boolean tls;

  Kind(boolean tcp, boolean tls) {
    this.tcp = tcp;
    this.tls = tls;
  }

  private Optional<TlsCredentials> credentials(Certificates all, String role) throws Exception {
    return tls ? Optional.of(all.good(role)) : Optional.empty();
  }

  Listening listen(Path folder, Certificates all) throws Exception {
    MigrationAddress address = tcp ? new Tcp("127.0.0.1", 0) : new Unix(folder.resolve("s"));
    return Listening.open(address, credentials(all, "server"));
  }

  PeerChannel connect(Listening to, Certificates all) throws Exception {
    return PeerChannel.connect(
        to.address(), credentials(all, "client"), tcp ? "" : "holdfast.test", LIMIT);
  }

  /** Two ends of one connection. */
  record Pair(Listening listening, PeerChannel client, PeerChannel server)
      implements AutoCloseable {
    @Override
    public void close() throws IOException {
      end(client, server);
      listening.close();
    }
  }

  /** Closes both ends at the same time, since each waits for the other for a while. */
  static void end(PeerChannel one, PeerChannel other) throws IOException {
    Thread thread =
        Thread.ofVirtual()
            .start(
                () -> {
                  try {
                    one.close();
                  } catch (IOException e) {
                    throw new AssertionError(e);
                  }
                });
    other.close();
    boolean interrupted = Thread.interrupted();
    while (thread.isAlive()) {
      try {
        thread.join();
      } catch (InterruptedException e) {
        interrupted = true;
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }

  Pair pair(Path folder, Certificates all) throws Exception {
    Listening listening = listen(folder, all);
    PeerChannel client = connect(listening, all);
    return new Pair(listening, client, listening.accept());
  }
}
