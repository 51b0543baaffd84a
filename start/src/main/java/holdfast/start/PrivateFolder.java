package holdfast.start;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.math.BigInteger;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.OverlappingFileLockException;
import java.nio.channels.SeekableByteChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.DirectoryStream;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.OpenOption;
import java.nio.file.Path;
import java.nio.file.SecureDirectoryStream;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributeView;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.SecureRandom;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * A folder of this process alone, for bundles and native libraries. It is made once, with mode
 * 0700, under a name that nobody can foresee, in a place where nobody else can replace it; it is
 * never removed before it is used, and taken away with all that is in it when it is closed.
 *
 * <p>A process that is killed leaves its folder behind. Whether its process lives tells a lock on
 * the file {@code lock} in it, which ends with the process, however it ends; {@link #sweep} takes
 * away those without one. That file says whose it is: a folder with another one is not ours.
 *
 * <p>Safe for use by several threads.
 */
final class PrivateFolder implements AutoCloseable {
  private static final String PREFIX = "holdfast.";
  private static final Pattern NAME = Pattern.compile("holdfast\\.[0-9]{20}");
  private static final Path LOCK = Path.of("lock");

  /** What the lock says, so that no other program's folder is taken for one of these. */
  static final String MARK = "The private folder of a holdfast process; a later one removes it.\n";

  /** st_mode of the folder and of its lock, type and rights (inode(7)). */
  private static final int FOLDER_MODE = 0040700;

  private static final int LOCK_MODE = 0100600;

  private static final Set<OpenOption> AS_LOCK =
      Set.of(StandardOpenOption.READ, StandardOpenOption.WRITE, LinkOption.NOFOLLOW_LINKS);
  private static final int TRIES = 10;

  /** What the framework, the libraries and the configurations need beside the bundles. */
  private static final int ROOM = 2 << 20;

  private static final Set<PosixFilePermission> OWNER_ONLY =
      PosixFilePermissions.fromString("rwx------");
  private static final FileAttribute<?> AS_OWNER_ONLY =
      PosixFilePermissions.asFileAttribute(OWNER_ONLY);
  private static final Set<PosixFilePermission> READ_AND_WRITTEN =
      PosixFilePermissions.fromString("rw-------");
  private static final FileAttribute<?> AS_READ_AND_WRITTEN =
      PosixFilePermissions.asFileAttribute(READ_AND_WRITTEN);

  private final Path path;
  private final FileChannel held;

  private PrivateFolder(Path path, FileChannel held) {
    this.path = path;
    this.held = held;
  }

  /**
   * Makes one in {@code place}.
   *
   * @param place an existing folder
   * @throws IOException with the reason why it can't be used: it can't be written, somebody else
   *     could replace what is made in it, or nothing can be executed there
   */
  static PrivateFolder make(Path place) throws IOException {
    Path parent = place.toRealPath();
    String objection = Owner.objection(parent, Owner.self());
    if (!objection.isEmpty()) {
      throw new IOException(objection);
    }
    SecureRandom random = new SecureRandom();
    for (int i = 0; i < TRIES; i++) {
      Path path = parent.resolve(name(random.nextLong()));
      try {
        Files.createDirectory(path, AS_OWNER_ONLY);
      } catch (FileAlreadyExistsException e) {
        continue;
      }
      // the umask may have taken rights of the owner as well; a set-group-ID bit goes, too
      Files.setPosixFilePermissions(path, OWNER_ONLY);
      FileChannel lock = lock(path);
      if (lock != null) {
        PrivateFolder folder = new PrivateFolder(path, lock);
        folder.requireExecutable();
        return folder;
      }
    }
    throw new IOException("each folder that is made in it vanishes");
  }

  /** The name of one, which {@link #NAME} knows again. */
  static String name(long number) {
    return PREFIX + "%020d".formatted(new BigInteger(Long.toUnsignedString(number)));
  }

  /** Marks the folder as that of a living process; null if another process is sweeping it away. */
  private static @Nullable FileChannel lock(Path path) throws IOException {
    Path file = path.resolve(LOCK);
    FileChannel channel;
    try {
      channel =
          FileChannel.open(
              file,
              Set.<OpenOption>of(StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE),
              AS_READ_AND_WRITTEN);
    } catch (NoSuchFileException swept) {
      return null;
    }
    try {
      if (channel.tryLock() != null && Files.exists(file)) {
        Files.setPosixFilePermissions(file, READ_AND_WRITTEN); // the umask, as above
        // last: until it says this, nobody sweeps it, and from then on it is locked
        channel.write(mark());
        return channel;
      }
      channel.close();
      return null;
    } catch (IOException e) {
      channel.close();
      remove(path);
      throw e;
    }
  }

  /** access(2) denies to execute a regular file on a file system that is mounted with noexec. */
  private void requireExecutable() throws IOException {
    try {
      Path file = Files.createFile(path.resolve("executable"), AS_OWNER_ONLY);
      Files.setPosixFilePermissions(file, OWNER_ONLY);
      if (!Files.isExecutable(file)) {
        throw new IOException("nothing in it can be executed");
      }
      Files.delete(file);
    } catch (IOException e) {
      close();
      throw e;
    }
  }

  /** Where it is. */
  Path path() {
    return path;
  }

  /** Writes a file in it that is there for its owner alone. */
  Path write(String name, InputStream content) throws IOException {
    Path file = path.resolve(name);
    try (OutputStream out = Files.newOutputStream(file, StandardOpenOption.CREATE_NEW)) {
      content.transferTo(out);
    }
    return file;
  }

  /**
   * Checks that there is room for what is written later.
   *
   * @throws IOException if there is not
   */
  void requireRoom() throws IOException {
    Path file = path.resolve("room");
    Files.write(file, new byte[ROOM], StandardOpenOption.CREATE_NEW);
    Files.delete(file);
  }

  /** Takes it away, as far as possible. Does nothing when that was done. */
  @Override
  public synchronized void close() {
    if (held.isOpen()) {
      remove(path);
      try {
        held.close();
      } catch (IOException e) {
        // the lock ends with the process at the latest
      }
    }
  }

  private static void remove(Path path) {
    // whoever still writes there may make a file behind the one that looks
    for (int i = 0; i < TRIES && Files.exists(path, LinkOption.NOFOLLOW_LINKS); i++) {
      Path name = Objects.requireNonNull(path.getFileName());
      try (SecureDirectoryStream<Path> parent = open(Objects.requireNonNull(path.getParent()));
          SecureDirectoryStream<Path> folder = open(parent, name)) {
        empty(folder);
        parent.deleteDirectory(name);
      } catch (IOException | DirectoryIteratorException e) {
        // a later start sweeps it away
      }
    }
  }

  /**
   * Takes away the folders in {@code place} that killed processes of this user left. Follows no
   * link, waits for nothing, and touches nothing that belongs to another user, to another program
   * or to a living process. What can't be taken away stays.
   */
  static void sweep(Path place) {
    try {
      Path real = place.toRealPath();
      int self = Owner.self();
      if (!Owner.objection(real, self).isEmpty()) {
        return;
      }
      try (SecureDirectoryStream<Path> parent = open(real)) {
        for (Path entry : parent) {
          Path name = Objects.requireNonNull(entry.getFileName());
          if (NAME.matcher(name.toString()).matches()
              && isOurs(real.resolve(name), FOLDER_MODE, self)) {
            sweep(parent, name, real.resolve(name).resolve(LOCK), self);
          }
        }
      }
    } catch (IOException | DirectoryIteratorException e) {
      // whether the place can be used is found out when a folder is made in it
    }
  }

  /**
   * Whether a file of this user has exactly this type and these rights. A folder that others may
   * write is none of ours: who owns it doesn't tell who moved it there (rename(2) needs the right
   * to write it, not its ownership), nor who put into it what it holds.
   */
  private static boolean isOurs(Path file, int mode, int self) {
    try {
      Map<String, Object> found =
          Files.readAttributes(file, "unix:uid,mode", LinkOption.NOFOLLOW_LINKS);
      return found.equals(Map.of("uid", self, "mode", mode));
    } catch (IOException e) {
      return false;
    }
  }

  /**
   * Sweeps one away that is this user's alone: here nobody else can put another one in its place,
   * nor another lock in that of the one that was looked at.
   */
  private static void sweep(SecureDirectoryStream<Path> parent, Path name, Path lock, int self) {
    try (SecureDirectoryStream<Path> folder = open(parent, name)) {
      if (!Files.exists(lock, LinkOption.NOFOLLOW_LINKS)) {
        // killed before it had one: rmdir(2) takes only an empty folder, and a process that is
        // just making it makes another
        parent.deleteDirectory(name);
      } else if (isOurs(lock, LOCK_MODE, self)) {
        // opened to read and write: the open of a FIFO would not wait either (fifo(7))
        try (SeekableByteChannel opened = folder.newByteChannel(LOCK, AS_LOCK)) {
          if (isMarked(opened)
              && opened instanceof FileChannel channel
              && channel.tryLock() != null) {
            empty(folder);
            parent.deleteDirectory(name);
          }
        }
      }
    } catch (IOException | DirectoryIteratorException | OverlappingFileLockException e) {
      // it holds something else, or is swept away by another start, or lives in this JVM
    }
  }

  private static ByteBuffer mark() {
    return ByteBuffer.wrap(MARK.getBytes(StandardCharsets.US_ASCII));
  }

  private static boolean isMarked(SeekableByteChannel lock) throws IOException {
    ByteBuffer expected = mark();
    if (lock.size() != expected.capacity()) {
      return false;
    }
    ByteBuffer found = ByteBuffer.allocate(expected.capacity());
    while (found.hasRemaining() && lock.read(found) >= 0) {
      // goes on
    }
    return found.flip().equals(expected);
  }

  private static SecureDirectoryStream<Path> open(Path folder) throws IOException {
    DirectoryStream<Path> stream = Files.newDirectoryStream(folder);
    if (stream instanceof SecureDirectoryStream<Path> secure) {
      return secure;
    }
    stream.close();
    throw new IOException("this system has no openat(2)");
  }

  private static SecureDirectoryStream<Path> open(SecureDirectoryStream<Path> parent, Path name)
      throws IOException {
    return parent.newDirectoryStream(name, LinkOption.NOFOLLOW_LINKS);
  }

  /** Removes all that is in the open folder, its lock last, so that no two sweep it at a time. */
  private static void empty(SecureDirectoryStream<Path> folder) throws IOException {
    boolean locked = false;
    for (Path entry : folder) {
      Path name = Objects.requireNonNull(entry.getFileName());
      if (name.equals(LOCK)) {
        locked = true;
      } else if (isFolder(folder, name)) {
        try (SecureDirectoryStream<Path> inner = open(folder, name)) {
          empty(inner);
        }
        folder.deleteDirectory(name);
      } else {
        folder.deleteFile(name);
      }
    }
    if (locked) {
      folder.deleteFile(LOCK);
    }
  }

  private static boolean isFolder(SecureDirectoryStream<Path> parent, Path name)
      throws IOException {
    return parent
        .getFileAttributeView(name, BasicFileAttributeView.class, LinkOption.NOFOLLOW_LINKS)
        .readAttributes()
        .isDirectory();
  }
}
