package holdfast.launcher.internal.cli;

import static java.nio.charset.StandardCharsets.US_ASCII;

import holdfast.machine.config.options.Excerpt;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.ThreadLocalRandom;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The file with the number of this process, which it keeps locked as long as it runs: a number that
 * a killed process left behind is nobody's, whoever has that number now.
 *
 * <p>While it is locked the file is opened by nobody else here: a lock of fcntl(2) ends when any
 * descriptor of the file is closed. Thread-safe.
 */
final class PidFile implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(PidFile.class);
  private static final String OPTION = "-pidfile ";

  /** As long as the longest number, with its line break. */
  private static final int LONGEST = 20;

  /** For a moment, and sparse. */
  private static final int MOST_BYTES = 1 << 20;

  private static final int MOST_TRIES = 100;

  private final Path path;
  private final FileChannel channel;
  private final @Nullable Object identity;
  private boolean closed;

  private PidFile(Path path, FileChannel channel, @Nullable Object identity) {
    this.path = path;
    this.channel = channel;
    this.identity = identity;
  }

  /**
   * Writes the file.
   *
   * @throws CommandException if a process that lives has it, it holds something else, or it can't
   *     be written
   */
  static PidFile write(String text) throws CommandException {
    Path path;
    try {
      path = Path.of(text);
    } catch (InvalidPathException e) {
      throw new CommandException(OPTION + Excerpt.of(text) + ": " + e.getReason());
    }
    try {
      for (int tries = 0; tries < MOST_TRIES; tries++) {
        PidFile written = tryWrite(path);
        if (written != null) {
          return written;
        }
      }
      throw new CommandException(OPTION + path + ": others make and delete it all the time");
    } catch (NoSuchFileException e) {
      throw new CommandException(OPTION + path + ": its folder does not exist; make it first");
    } catch (FileSystemException e) {
      throw new CommandException(
          OPTION
              + path
              + ": "
              + (e.getReason() == null ? "it can't be opened" : e.getReason())
              + "; choose a file that you may write");
    } catch (IOException e) {
      throw new CommandException(
          OPTION
              + path
              + (Files.isSymbolicLink(path)
                  ? ": it is a link; name the file itself"
                  : ": it can't be written: " + e.getMessage()));
    }
  }

  /** Writes the file; returns null if another process has deleted it meanwhile. */
  private static @Nullable PidFile tryWrite(Path path) throws IOException, CommandException {
    FileChannel channel =
        FileChannel.open(
            path,
            Set.of(
                StandardOpenOption.CREATE,
                StandardOpenOption.READ,
                StandardOpenOption.WRITE,
                LinkOption.NOFOLLOW_LINKS),
            PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-r--r--")));
    try {
      if (!isLocked(channel)) {
        throw new CommandException(
            OPTION
                + path
                + ": process "
                + content(channel)
                + " has it, and lives; end that process, or choose another file");
      }
      if (channel.size() > LONGEST || !content(channel).matches("[0-9]*")) {
        throw new CommandException(
            OPTION
                + path
                + ": there is a file that holds something else than the number of a process; choose"
                + " another path, or take it away");
      }
      if (!isIn(path, channel)) {
        return null;
      }
      channel.truncate(0);
      channel.write(ByteBuffer.wrap((ProcessHandle.current().pid() + "\n").getBytes(US_ASCII)), 0);
      PidFile written = new PidFile(path, channel, identity(path));
      channel = null;
      return written;
    } finally {
      if (channel != null) {
        channel.close();
      }
    }
  }

  private static String content(FileChannel channel) throws IOException {
    ByteBuffer bytes = ByteBuffer.allocate(LONGEST);
    channel.read(bytes, 0);
    return Excerpt.onOneLine(new String(bytes.array(), 0, bytes.position(), US_ASCII).strip());
  }

  private static boolean isLocked(FileChannel channel) throws IOException {
    try {
      return channel.tryLock() != null; // which ends with the channel
    } catch (OverlappingFileLockException e) {
      return false; // this very process has it
    }
  }

  /**
   * Returns whether the file that is locked is the one at the path: its size for a moment tells.
   */
  private static boolean isIn(Path path, FileChannel channel) throws IOException {
    int mark = ThreadLocalRandom.current().nextInt(LONGEST, MOST_BYTES);
    channel.write(ByteBuffer.wrap(new byte[] {0}), mark);
    try {
      return Files.size(path) == mark + 1;
    } catch (NoSuchFileException e) {
      return false;
    }
  }

  private static @Nullable Object identity(Path path) throws IOException {
    return Files.readAttributes(path, BasicFileAttributes.class, LinkOption.NOFOLLOW_LINKS)
        .fileKey();
  }

  /** Deletes the file, unless another one is in its place. */
  @Override
  public synchronized void close() {
    if (closed) {
      return;
    }
    closed = true;
    try (channel) {
      if (Objects.equals(identity, identity(path))) {
        Files.delete(path);
      }
    } catch (NoSuchFileException e) {
      LOG.debug("{} was deleted by somebody else", path);
    } catch (IOException e) {
      LOG.warn("the pid file {} stays behind: {}", path, e.getMessage());
    }
  }
}
