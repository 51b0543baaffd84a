package holdfast.host.linux.files;

import holdfast.host.linux.Errno;
import holdfast.host.linux.ErrnoException;
import holdfast.host.linux.FileStatus;
import holdfast.host.linux.FileSystemStatus;
import holdfast.host.linux.HostLibc;
import holdfast.host.linux.KernelConstants;
import holdfast.host.linux.Libc;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileSystemException;
import java.nio.file.OpenOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A file that was found at a path and examined without opening it, so that a FIFO does not block
 * and a device is not disturbed (open(2), O_PATH). Reads and locks go to that same file, whatever
 * is at the path by then.
 *
 * <p>Not thread-safe.
 */
public final class FoundFile implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(FoundFile.class);

  /** NAME_MAX, limits.h. */
  private static final int LONGEST_NAME = 255;

  private final Libc libc;
  private final Path path;
  private final int look;
  private final FileStatus status;

  private FoundFile(Libc libc, Path path, int look, FileStatus status) {
    this.libc = libc;
    this.path = path;
    this.look = look;
    this.status = status;
  }

  /** Finds a file as {@link #behind(Libc, Path)} does, with the C library of this process. */
  public static Optional<FoundFile> behind(Path path) throws IOException {
    return behind(HostLibc.instance(), path);
  }

  /** Finds a file as {@link #at(Libc, Path)} does, with the C library of this process. */
  public static Optional<FoundFile> at(Path path) throws IOException {
    return at(HostLibc.instance(), path);
  }

  /**
   * Finds the file that a path leads to, through symbolic links.
   *
   * @return empty if nothing is there
   * @throws IOException if that can't be determined
   */
  public static Optional<FoundFile> behind(Libc libc, Path path) throws IOException {
    return find(libc, path, 0);
  }

  /**
   * Finds the file at a path itself, even if it is a symbolic link.
   *
   * @return empty if nothing is there
   * @throws IOException if that can't be determined
   */
  public static Optional<FoundFile> at(Libc libc, Path path) throws IOException {
    return find(libc, path, libc.constants().openNofollow());
  }

  private static Optional<FoundFile> find(Libc libc, Path path, int flags) throws IOException {
    try {
      int look =
          open(libc, path, libc.constants().openPath() | libc.constants().openCloexec() | flags, 0);
      try {
        return Optional.of(new FoundFile(libc, path, look, libc.statx(look)));
      } catch (ErrnoException | RuntimeException | Error e) {
        close(libc, look);
        throw e;
      }
    } catch (ErrnoException e) {
      if (nothingIsThere(path, e)) {
        return Optional.empty();
      }
      throw failure(path, e);
    }
  }

  /**
   * Returns whether the error means that the path leads nowhere. That includes symbolic links in a
   * circle on its way (a link at its end is opened, not followed, or leads nowhere) and a name
   * longer than any file's.
   */
  private static boolean nothingIsThere(Path path, ErrnoException e) {
    return switch (e.errno().name()) {
      case "ENOENT", "ENOTDIR", "ELOOP" -> true;
      case "ENAMETOOLONG" -> {
        Path name = path.getFileName();
        yield name != null
            && name.toString().getBytes(StandardCharsets.UTF_8).length > LONGEST_NAME;
      }
      default -> false;
    };
  }

  /** Returns the status of a path's file, through symbolic links; empty if nothing is there. */
  public static Optional<FileStatus> status(Path path) throws IOException {
    try (FoundFile found = behind(path).orElse(null)) {
      return found == null ? Optional.empty() : Optional.of(found.status());
    }
  }

  /**
   * Returns a path without symbolic links: for a file that doesn't exist, the path in its real
   * folder; if that folder doesn't exist either, the absolute path.
   */
  public static Path realPath(Path path) {
    Path absolute = path.toAbsolutePath();
    try {
      return absolute.toRealPath();
    } catch (IOException e) {
      LOG.debug("{} is not there yet, or can't be followed: {}", absolute, e.toString());
    }
    Path folder = absolute.getParent();
    try {
      return folder == null ? absolute : folder.toRealPath().resolve(absolute.getFileName());
    } catch (IOException e) {
      LOG.debug("{}", e.toString());
      return absolute;
    }
  }

  /**
   * Returns whether it can't even be found out what is at a path, for example because its folder
   * may not be searched.
   */
  public static boolean isOutOfReach(Path path) {
    try {
      status(path);
      return false;
    } catch (IOException e) {
      LOG.debug("{}", e.toString());
      return true;
    }
  }

  /**
   * Returns whether a writer, in this process or another, has the file behind a path locked.
   * Returns true if that can't be found out.
   */
  public static boolean isInUse(Path path) {
    try (FoundFile found = behind(path).orElse(null)) {
      return found != null && found.isLocked();
    } catch (IOException e) {
      LOG.debug("whether {} is in use is not known: {}", path, e.toString());
      return true;
    }
  }

  /** Returns the file's status when it was found. */
  public FileStatus status() {
    return status;
  }

  /** Returns whether the file belongs to the effective user of this process. */
  public boolean isOurs() {
    return status.owner() == libc.geteuid();
  }

  /** Returns the file system that the file is on. */
  public FileSystemStatus fileSystem() throws IOException {
    try {
      return libc.fstatfs(look);
    } catch (ErrnoException e) {
      throw failure(path, e);
    }
  }

  /**
   * Opens the file.
   *
   * @throws IOException if it is not a regular file, or can't be opened
   */
  public FileChannel open(OpenOption... options) throws IOException {
    requireRegular();
    return FileChannel.open(link(look), options);
  }

  /**
   * Reads the whole file.
   *
   * @param limit the greatest number of bytes
   * @throws IOException if it is not a regular file, is longer, or can't be read
   */
  public byte[] read(int limit) throws IOException {
    ByteBuffer bytes = ByteBuffer.allocate(limit + 1);
    try (FileChannel in = open(StandardOpenOption.READ)) {
      int count = 0;
      while (count >= 0 && bytes.hasRemaining()) {
        count = in.read(bytes);
      }
    } catch (FileSystemException e) {
      throw new FileSystemException(path.toString(), null, reason(e));
    }
    if (!bytes.hasRemaining()) {
      throw new FileSystemException(path.toString(), null, "it is longer than " + limit + " bytes");
    }
    return Arrays.copyOf(bytes.array(), bytes.position());
  }

  private static String reason(FileSystemException e) {
    return e.getReason() == null ? e.getClass().getSimpleName() : e.getReason();
  }

  private void requireRegular() throws IOException {
    if (status.type() != FileStatus.Type.REGULAR) {
      throw new FileSystemException(
          path.toString(), null, "it is " + status.type() + ", and not a regular file");
    }
  }

  /**
   * Returns whether a writer's lock, which excludes all others, is held, by this process or
   * another. A reader's lock does not count. Nobody who wants to lock the file meanwhile is refused
   * because of the question.
   *
   * @throws IOException if it is not a regular file, or that can't be determined
   */
  public boolean isLocked() throws IOException {
    requireRegular();
    try {
      int fd = open(libc, link(look), KernelConstants.O_RDONLY | libc.constants().openCloexec(), 0);
      try {
        return libc.fcntlOfdGetlk(fd);
      } finally {
        close(libc, fd);
      }
    } catch (ErrnoException e) {
      throw failure(path, e);
    }
  }

  /**
   * Locks the file.
   *
   * @return empty if it is locked already, in this process or another
   * @throws IOException if it is not a regular file, or its file system has no locks
   */
  public Optional<HeldFile> hold() throws IOException {
    requireRegular();
    try {
      int fd = open(libc, link(look), KernelConstants.O_RDWR | libc.constants().openCloexec(), 0);
      try {
        libc.fcntlOfdSetlk(fd, true);
        return Optional.of(new HeldFile(libc, fd, status));
      } catch (ErrnoException e) {
        close(libc, fd);
        if (HeldFile.isSomebodyElses(e)) {
          return Optional.empty();
        }
        throw e;
      } catch (RuntimeException | Error e) {
        close(libc, fd);
        throw e;
      }
    } catch (ErrnoException e) {
      throw failure(path, e);
    }
  }

  @Override
  public void close() {
    close(libc, look);
  }

  /** Returns a path that opens a descriptor's file once more, proc(5). */
  static Path link(int fd) {
    return Path.of("/proc/self/fd/" + fd);
  }

  static int open(Libc libc, Path path, int flags, int mode) throws ErrnoException {
    while (true) {
      try {
        return libc.open(path, flags, mode);
      } catch (ErrnoException e) {
        if (!e.is(Errno.EINTR)) {
          throw e;
        }
      }
    }
  }

  static void close(Libc libc, int fd) {
    try {
      libc.close(fd);
    } catch (ErrnoException e) {
      // Linux has released the descriptor whatever close(2) returns
      LOG.debug("close: {}", e.errno().toString());
    }
  }

  static FileSystemException failure(Path path, ErrnoException e) {
    FileSystemException failure =
        new FileSystemException(path.toString(), null, e.call() + ": " + e.errno());
    failure.initCause(e);
    return failure;
  }
}
