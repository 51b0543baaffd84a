package holdfast.start;

import java.io.FileInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.BufferUnderflowException;
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
 * A folder for this process alone, for bundles and native libraries. It is created once, with mode
 * 0700, under a name that can't be predicted, in a place where no other user can replace it. It is
 * never removed before use, and is removed with its content when it is closed.
 *
 * <p>A process that is killed leaves its folder behind. A lock on the file {@code lock} in the
 * folder shows that its process is alive; the lock ends with the process, however that ends. {@link
 * #sweep} removes the folders without a lock. The content of that file identifies the folder as one
 * of these: a folder with other content is left alone.
 *
 * <p>Thread-safe.
 */
final class PrivateFolder implements AutoCloseable {
  private static final String PREFIX = "holdfast.";
  private static final int DIGITS = 20;
  private static final Pattern NAME = Pattern.compile("holdfast\\.[0-9]{" + DIGITS + "}");
  private static final Path LOCK = Path.of("lock");

  /**
   * The content of the lock file, so that no other program's folder is mistaken for one of these.
   */
  static final String MARK = "The private folder of a holdfast process; a later one removes it.\n";

  /** The st_mode of the folder and of its lock: type and permissions (inode(7)). */
  private static final int FOLDER_MODE = 0040700;

  private static final int LOCK_MODE = 0100600;

  private static final Set<OpenOption> AS_LOCK =
      Set.of(StandardOpenOption.READ, StandardOpenOption.WRITE, LinkOption.NOFOLLOW_LINKS);
  private static final int TRIES = 10;

  /**
   * The space that the framework, the libraries and the configurations need in addition to the
   * bundles.
   */
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
   * Creates a folder in {@code place}.
   *
   * @param place an existing folder
   * @throws IOException with the reason why the place can't be used: it can't be written, another
   *     user could replace what is created in it, or files in it can't be executed
   */
  static PrivateFolder make(Path place) throws IOException {
    Path parent = place.toRealPath();
    String objection = Owner.objection(parent, Owner.self());
    if (!objection.isEmpty()) {
      throw new IOException(objection);
    }
    for (int i = 0; i < TRIES; i++) {
      Path path = parent.resolve(name(random()));
      try {
        Files.createDirectory(path, AS_OWNER_ONLY);
      } catch (FileAlreadyExistsException e) {
        continue;
      }
      // the umask may have removed permissions of the owner, too; this also clears a set-group-ID
      // bit
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

  /** Returns a number that can't be predicted. */
  private static long random() {
    // Java's own reads it from there, too, when it has looked through its security providers
    try (InputStream source = new FileInputStream("/dev/urandom")) {
      return ByteBuffer.wrap(source.readNBytes(Long.BYTES)).getLong();
    } catch (IOException | BufferUnderflowException e) {
      return new SecureRandom().nextLong();
    }
  }

  /** Returns the name of a folder, which {@link #NAME} matches. */
  static String name(long number) {
    String digits = Long.toUnsignedString(number);
    return PREFIX + "0".repeat(DIGITS - digits.length()) + digits;
  }

  /**
   * Locks the folder as that of a living process; returns null if another process is sweeping it.
   */
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
        // last: before it says this, nobody sweeps the folder, and from then on it is locked
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

  /**
   * Checks that files can be executed: access(2) denies that for a regular file on a file system
   * that is mounted with noexec.
   */
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

  /** Returns its path. */
  Path path() {
    return path;
  }

  /** Writes a file in it that only its owner can access. */
  Path write(String name, InputStream content) throws IOException {
    Path file = path.resolve(name);
    try (OutputStream out = Files.newOutputStream(file, StandardOpenOption.CREATE_NEW)) {
      content.transferTo(out);
    }
    return file;
  }

  /**
   * Checks that there is room for the files that are written later.
   *
   * @throws IOException if there is not
   */
  void requireRoom() throws IOException {
    Path file = path.resolve("room");
    Files.write(file, new byte[ROOM], StandardOpenOption.CREATE_NEW);
    Files.delete(file);
  }

  /** Removes the folder, as far as possible. Does nothing if that has been done. */
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
    // another thread that still writes there may create a file behind the one that is listed
    for (int i = 0; i < TRIES && Files.exists(path, LinkOption.NOFOLLOW_LINKS); i++) {
      Path name = Objects.requireNonNull(path.getFileName());
      try (SecureDirectoryStream<Path> parent = open(Objects.requireNonNull(path.getParent()));
          SecureDirectoryStream<Path> folder = open(parent, name)) {
        empty(folder);
        parent.deleteDirectory(name);
      } catch (IOException | DirectoryIteratorException e) {
        // a later start removes it
      }
    }
  }

  /**
   * Removes the folders in {@code place} that killed processes of this user left. Follows no link,
   * waits for nothing, and touches nothing that belongs to another user, another program or a
   * living process. A folder that can't be removed stays.
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
          if (name.toString().startsWith(PREFIX)
              && NAME.matcher(name.toString()).matches()
              && isOurs(real.resolve(name), FOLDER_MODE, self)) {
            sweep(parent, name, real.resolve(name).resolve(LOCK), self);
          }
        }
      }
    } catch (IOException | DirectoryIteratorException e) {
      // creating a folder in the place shows whether it can be used
    }
  }

  /**
   * Returns whether a file of this user has exactly this type and these permissions. A folder that
   * others may write is not one of these: its owner shows neither who moved it there (rename(2)
   * needs the permission to write it, not its ownership) nor who put its content into it.
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
   * Removes a folder of this user alone: in it no other user can replace the folder, or the lock
   * that was checked.
   */
  private static void sweep(SecureDirectoryStream<Path> parent, Path name, Path lock, int self) {
    try (SecureDirectoryStream<Path> folder = open(parent, name)) {
      if (!Files.exists(lock, LinkOption.NOFOLLOW_LINKS)) {
        // its process was killed before it had one: rmdir(2) removes only an empty folder, and a
        // process that is just creating it creates another
        parent.deleteDirectory(name);
      } else if (isOurs(lock, LOCK_MODE, self)) {
        // opened for reading and writing, with which the open of a FIFO would not block either
        // (fifo(7))
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
      // it has other content, or is being swept by another start, or belongs to this JVM
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
      // read on
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

  /**
   * Removes the content of the open folder, its lock last, so that only one process sweeps it at a
   * time.
   */
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
