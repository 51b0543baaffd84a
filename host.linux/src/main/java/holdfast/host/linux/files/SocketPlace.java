package holdfast.host.linux.files;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.net.ConnectException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.OverlappingFileLockException;
import java.nio.channels.SocketChannel;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.EnumSet;
import java.util.Locale;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.ThreadLocalRandom;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The place of a UNIX socket in the file system that only its owner can connect to. The socket is
 * bound in a private folder, given its mode there, and then linked to its place: at no moment is
 * there a socket that somebody else can connect to, and nothing that came there meanwhile is
 * overwritten.
 *
 * <p>Thread-safe.
 */
final class SocketPlace {
  private static final Logger LOG = LoggerFactory.getLogger(SocketPlace.class);

  /** The longest path that fits into sockaddr_un, unix(7), in bytes. */
  private static final int LONGEST = 107;

  /** The bits of a mode that tell the kind of a file, and those of a socket: inode(7). */
  private static final int TYPE = 0170000;

  private static final int SOCKET = 0140000;

  private static final int MOST_TRIES = 100;

  /** Of a lock file, which is sparse. */
  private static final int MOST_BYTES = 1 << 20;

  private static final Set<PosixFilePermission> OWNER_ALONE =
      EnumSet.of(PosixFilePermission.OWNER_READ, PosixFilePermission.OWNER_WRITE);

  private final Place place;
  private final @Nullable Object identity;

  /** Where it is to be, and whose it is, for what is said of it. */
  private record Place(String owner, Path path) {
    SocketFileException refused(String problem, String advice) {
      return new SocketFileException(owner, path, problem, advice, null);
    }

    SocketFileException refused(String problem, String advice, IOException cause) {
      return new SocketFileException(owner, path, problem, advice, cause);
    }
  }

  /** Makes a socket in the file system. */
  @FunctionalInterface
  interface Binder {
    /** Binds the socket to a path at which nothing is, and makes it listen. */
    void bind(Path path) throws IOException;
  }

  private SocketPlace(Place place, @Nullable Object identity) {
    this.place = place;
    this.identity = identity;
  }

  /**
   * Puts a socket that listens in its place.
   *
   * @param owner the word before "socket" in what is said of it, such as {@code QMP}
   * @param path where it is to be, in a folder that exists
   * @throws SocketFileException if something is in its place that must stay, or it can't be made
   */
  static SocketPlace take(String owner, Path path, Binder binder) throws SocketFileException {
    Place place = new Place(owner, path);
    Object stale = requireFree(place);
    Path folder = null;
    try {
      folder = privateFolder(path);
      Path first = folder.resolve("s");
      requireShort(place, path.toString().length() < first.toString().length() ? first : path);
      binder.bind(first);
      Files.setPosixFilePermissions(first, OWNER_ALONE);
      Object identity = identity(first);
      if (stale == null) {
        Files.createLink(path, first);
      } else {
        replace(place, first, folder.resolve("o"));
      }
      return new SocketPlace(place, identity);
    } catch (NoSuchFileException e) {
      throw place.refused("its folder does not exist", "make the folder first", e);
    } catch (FileAlreadyExistsException e) {
      throw place.refused("somebody else has just made it", "choose another path", e);
    } catch (AccessDeniedException e) {
      throw place.refused("permission denied", "choose a folder that you may write into", e);
    } catch (FileSystemException e) {
      throw place.refused(
          e.getReason() == null ? e.getClass().getSimpleName() : e.getReason(),
          "choose a folder that you may write into",
          e);
    } catch (IOException e) {
      throw place.refused("" + e.getMessage(), "choose another path", e);
    } finally {
      if (folder != null) {
        deleteQuietly(folder.resolve("s"));
        deleteQuietly(folder);
      }
    }
  }

  private static void requireShort(Place place, Path longest) throws SocketFileException {
    int excess = longest.toString().getBytes(UTF_8).length - LONGEST;
    if (excess > 0) {
      throw place.refused(
          "the path is " + excess + " bytes too long", "choose a shorter one, unix(7)");
    }
  }

  /** Makes a folder beside the socket; its name is short, since a socket's path must be. */
  private static Path privateFolder(Path path) throws IOException {
    FileAttribute<?> mode =
        PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------"));
    for (int tries = 0; ; tries++) {
      int number = ThreadLocalRandom.current().nextInt(1 << 16);
      Path folder = path.resolveSibling(String.format(Locale.ROOT, ".q%04x", number));
      try {
        return Files.createDirectory(folder, mode);
      } catch (FileAlreadyExistsException taken) {
        if (tries == MOST_TRIES) {
          throw taken;
        }
      }
    }
  }

  /**
   * Puts a socket in the place of a stale one. Of several processes that have found it stale, one
   * at a time does so, and looks again before: otherwise one could take another's new socket away.
   */
  private static void replace(Place place, Path made, Path away) throws IOException {
    Path path = place.path();
    Path lock = path.resolveSibling("." + path.getFileName() + ".lock");
    try (FileChannel channel =
        FileChannel.open(
            lock,
            Set.of(
                StandardOpenOption.CREATE,
                StandardOpenOption.READ,
                StandardOpenOption.WRITE,
                LinkOption.NOFOLLOW_LINKS),
            PosixFilePermissions.asFileAttribute(OWNER_ALONE))) {
      if (!isLocked(channel) || !isOurs(place, lock, channel) || !isIn(lock, channel)) {
        throw new FileAlreadyExistsException(path.toString());
      }
      try {
        Object stale = requireFree(place);
        if (stale != null) {
          takeAway(place, stale, away);
        }
        Files.createLink(path, made);
      } finally {
        deleteQuietly(lock);
      }
    }
  }

  /**
   * Checks that a locked file is new, or what a killed process left as its lock; else it stays.
   *
   * @return false if it has been deleted meanwhile
   */
  private static boolean isOurs(Place place, Path lock, FileChannel channel) throws IOException {
    long size = channel.size();
    ByteBuffer bytes = ByteBuffer.allocate(MOST_BYTES);
    int read = size > MOST_BYTES ? 0 : channel.read(bytes, 0);
    int last = Math.max(0, read - 1);
    boolean ours = size == 0 || (read == size && bytes.get(last) == 1);
    for (int at = 0; ours && at < last; at++) {
      ours = bytes.get(at) == 0;
    }
    try {
      if (ours && Files.getAttribute(lock, "unix:nlink", LinkOption.NOFOLLOW_LINKS).equals(1)) {
        return true;
      }
    } catch (NoSuchFileException e) {
      return false;
    }
    throw new SocketFileException(
        place.owner(), lock, "a file that is no lock is where one has to be", "take it away", null);
  }

  private static boolean isLocked(FileChannel channel) throws IOException {
    try {
      return channel.tryLock() != null; // which ends with the channel
    } catch (OverlappingFileLockException e) {
      return false; // this very process has it
    }
  }

  /**
   * Returns whether a lock file is still the one that was opened: who had it has deleted it. Its
   * size tells, since who opens and closes the file once more loses the lock (fcntl(2)).
   */
  private static boolean isIn(Path lock, FileChannel channel) throws IOException {
    channel.truncate(0);
    channel.write(ByteBuffer.wrap(new byte[] {1}), ThreadLocalRandom.current().nextInt(MOST_BYTES));
    try {
      return Files.size(lock) == channel.size();
    } catch (NoSuchFileException e) {
      return false;
    }
  }

  /** Takes a stale socket away, unless another one has come in its place meanwhile. */
  private static void takeAway(Place place, Object stale, Path away) throws IOException {
    Path path = place.path();
    Files.move(path, away, StandardCopyOption.ATOMIC_MOVE);
    if (!stale.equals(identity(away))) {
      Files.createLink(path, away);
      Files.delete(away);
      throw new FileAlreadyExistsException(path.toString());
    }
    Files.delete(away);
    LOG.info(
        "{} socket {} was left behind by a process that is gone, and is replaced",
        place.owner(),
        path);
  }

  /**
   * Checks that nothing is there but perhaps a socket that nobody listens on any more.
   *
   * @return the identity of that socket; null if nothing is there
   */
  private static @Nullable Object requireFree(Place place) throws SocketFileException {
    Path path = place.path();
    Object there;
    try {
      int mode = (int) Files.getAttribute(path, "unix:mode", LinkOption.NOFOLLOW_LINKS);
      if ((mode & TYPE) != SOCKET) {
        throw place.refused(
            Files.isDirectory(path, LinkOption.NOFOLLOW_LINKS)
                ? "it is a folder"
                : "there is a file that is no socket",
            "choose another path, or take it away");
      }
      there = identity(path);
    } catch (NoSuchFileException e) {
      return null;
    } catch (IOException e) {
      throw place.refused("" + e.getMessage(), "choose another path", e);
    }
    try (SocketChannel other = SocketChannel.open(StandardProtocolFamily.UNIX)) {
      other.configureBlocking(false); // its owner may be stopped, with many that wait already
      other.connect(UnixDomainSocketAddress.of(path));
    } catch (ConnectException e) {
      return there;
    } catch (IOException e) {
      throw place.refused("" + e.getMessage(), "choose another path", e);
    }
    throw SocketFileException.taken(place.owner(), path);
  }

  private static @Nullable Object identity(Path path) throws IOException {
    return Files.readAttributes(path, BasicFileAttributes.class, LinkOption.NOFOLLOW_LINKS)
        .fileKey();
  }

  /** Returns where it is. */
  Path path() {
    return place.path();
  }

  /** Removes the socket that was put there, unless something else has taken its place. */
  void leave() {
    Path path = place.path();
    try {
      if (Objects.equals(identity, identity(path))) {
        Files.delete(path);
      }
    } catch (NoSuchFileException gone) {
      LOG.debug("{} was removed by somebody else", path);
    } catch (IOException e) {
      LOG.warn("{} socket {} stays behind: {}", place.owner(), path, e.getMessage());
    }
  }

  private static void deleteQuietly(Path path) {
    try {
      Files.deleteIfExists(path);
    } catch (IOException e) {
      LOG.debug("deleting {}", path, e);
    }
  }
}
