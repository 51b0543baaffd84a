package holdfast.machine.migration.internal.channel;

import holdfast.host.linux.FileStatus;
import holdfast.host.linux.HostLibc;
import holdfast.host.linux.Libc;
import holdfast.host.linux.files.FoundFile;
import holdfast.host.linux.files.PendingFile;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.ReadableByteChannel;
import java.nio.channels.WritableByteChannel;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A file that a migration's stream is written to. It has its name when it is {@linkplain #complete
 * complete} and durable, is for its owner alone, and replaces nothing. Until then it is beside that
 * name, with {@code .partial} behind it.
 *
 * <p>Used by one thread; {@link #close} may be called by another one, and ends a write.
 */
public final class SnapshotFile implements WritableByteChannel {
  private static final Logger LOG = LoggerFactory.getLogger(SnapshotFile.class);
  private static final String SUFFIX = ".partial";

  private final MigrationAddress address;
  private final Path path;
  private final PendingFile file;

  /** Changed and looked at by who has this object's monitor. */
  private boolean closed;

  private SnapshotFile(MigrationAddress address, Path path, PendingFile file) {
    this.address = address;
    this.path = path;
    this.file = file;
  }

  /**
   * Makes an empty file, which does not have its name yet.
   *
   * @throws IOException if something has that name already, or it can't be made; the message is a
   *     sentence
   */
  public static SnapshotFile create(Path path) throws IOException {
    return create(HostLibc.instance(), path);
  }

  static SnapshotFile create(Libc libc, Path path) throws IOException {
    MigrationAddress address = new MigrationAddress.File(path);
    try {
      try (FoundFile there = FoundFile.at(libc, path).orElse(null)) {
        if (there != null) {
          throw taken(address, there.status().type(), null);
        }
      }
      return new SnapshotFile(address, path, PendingFile.beside(libc, path, SUFFIX));
    } catch (ChannelException e) {
      throw e;
    } catch (IOException e) {
      throw failed(address, "it can't be made", e);
    }
  }

  /**
   * Opens a file that was written before.
   *
   * @throws IOException if it is not there, is no regular file, which is not waited for, or can't
   *     be read; the message is a sentence
   */
  public static ReadableByteChannel open(Path path) throws IOException {
    MigrationAddress address = new MigrationAddress.File(path);
    try (FoundFile found =
        FoundFile.behind(path).orElseThrow(() -> new NoSuchFileException(path.toString()))) {
      return found.open(StandardOpenOption.READ);
    } catch (NoSuchFileException e) {
      throw new ChannelException(
          address.toString(), "there is no such file", "write one with migrate first", e);
    } catch (IOException e) {
      throw new ChannelException(
          address.toString(),
          "it can't be read (" + e.getMessage() + ")",
          "give a file that was written by migrate, and that you may read",
          e);
    }
  }

  private static ChannelException taken(
      MigrationAddress address, FileStatus.Type type, @Nullable IOException cause) {
    return new ChannelException(
        address.toString(),
        "there is " + type + " already",
        "choose another name; what is there is never overwritten",
        cause);
  }

  private static ChannelException failed(
      MigrationAddress address, String problem, IOException cause) {
    return new ChannelException(
        address.toString(),
        problem + " (" + cause.getMessage() + ")",
        "choose a folder that you may write into, with room for the machine's memory",
        cause);
  }

  @Override
  public int write(ByteBuffer from) throws IOException {
    try {
      return file.channel().write(from);
    } catch (ClosedChannelException e) {
      throw e;
    } catch (IOException e) {
      throw failed(address, "it can't be written", e);
    }
  }

  /**
   * Makes the file durable, and gives it its name. If that fails nothing is left of it.
   *
   * @throws IOException if that can't be done, or something has got that name meanwhile; the
   *     message is a sentence
   */
  public synchronized void complete() throws IOException {
    if (closed) {
      throw new ClosedChannelException();
    }
    try {
      file.becomeTarget();
    } catch (FileAlreadyExistsException e) {
      throw taken(address, FileStatus.Type.UNKNOWN, e);
    } catch (IOException e) {
      if (file.bearsTarget()) {
        try {
          PendingFile.remove(path);
        } catch (IOException stays) {
          e.addSuppressed(stays);
        }
      }
      throw failed(address, "it can't be made durable", e);
    }
  }

  @Override
  public boolean isOpen() {
    return file.channel().isOpen();
  }

  /** Ends a write that is under way, and removes the file unless it is complete. */
  @Override
  public void close() throws IOException {
    file.channel().close(); // before the monitor, which a long fsync may have
    synchronized (this) {
      if (!closed) {
        closed = true;
        file.close();
      }
    }
    LOG.debug("{} is closed", address);
  }
}
