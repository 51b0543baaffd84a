package holdfast.machine.migration;

import holdfast.machine.admin.MigrationParameters;
import holdfast.machine.migration.internal.channel.MigrationAddress;
import holdfast.machine.migration.internal.channel.PeerChannel;
import holdfast.machine.migration.internal.channel.SnapshotFile;
import holdfast.machine.migration.internal.channel.TlsCredentials;
import holdfast.machine.migration.internal.outgoing.Link;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ByteChannel;
import java.nio.channels.Channel;
import java.nio.channels.NonReadableChannelException;
import java.nio.channels.NonWritableChannelException;
import java.nio.channels.ReadableByteChannel;
import java.nio.channels.WritableByteChannel;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** The ways to a peer. */
final class Links {
  private static final Duration CONNECTING = Duration.ofSeconds(30);

  private Links() {}

  /** Connects to a destination, or begins a snapshot. */
  static Link to(MigrationAddress address, MigrationParameters parameters) throws IOException {
    if (address instanceof MigrationAddress.File(Path path)) {
      SnapshotFile file = SnapshotFile.create(path);
      return link(new OneWay(null, file), file::complete);
    }
    return link(
        PeerChannel.connect(
            address, credentials(parameters, address, false), parameters.tlsHostname(), CONNECTING),
        () -> {});
  }

  /** Returns what is needed for TLS, if that is wanted; not where files are handed over. */
  static Optional<TlsCredentials> credentials(
      MigrationParameters parameters, MigrationAddress address, boolean server) throws IOException {
    return parameters.tlsFolder().isEmpty() || address instanceof MigrationAddress.Cpr
        ? Optional.empty()
        : Optional.of(TlsCredentials.read(Path.of(parameters.tlsFolder()), server));
  }

  /** Opens a snapshot. */
  static ByteChannel from(MigrationAddress.File address) throws IOException {
    return new OneWay(SnapshotFile.open(address.path()), null);
  }

  private interface Completion {
    void complete() throws IOException;
  }

  private static Link link(ByteChannel channel, Completion completion) {
    return new Link() {
      @Override
      public ByteChannel channel() {
        return channel;
      }

      @Override
      public void complete() throws IOException {
        completion.complete();
      }

      @Override
      public void close() throws IOException {
        channel.close();
      }
    };
  }

  /** A file, which is read or written. */
  private static final class OneWay implements ByteChannel {
    private final @Nullable ReadableByteChannel from;
    private final @Nullable WritableByteChannel to;

    OneWay(@Nullable ReadableByteChannel from, @Nullable WritableByteChannel to) {
      this.from = from;
      this.to = to;
    }

    @Override
    public int read(ByteBuffer into) throws IOException {
      if (from == null) {
        throw new NonReadableChannelException();
      }
      return from.read(into);
    }

    @Override
    public int write(ByteBuffer piece) throws IOException {
      if (to == null) {
        throw new NonWritableChannelException();
      }
      return to.write(piece);
    }

    @Override
    public boolean isOpen() {
      Channel open = from == null ? to : from;
      return open != null && open.isOpen();
    }

    @Override
    public void close() throws IOException {
      if (from != null) {
        from.close();
      }
      if (to != null) {
        to.close();
      }
    }
  }
}
