package holdfast.host.linux;

import holdfast.host.linux.internal.linux.CommonConstants;
import java.time.Instant;
import org.osgi.annotation.versioning.ConsumerType;

/**
 * The status of an open file, statx(2).
 *
 * @param mode file type and permission bits
 * @param links how many names it has; 0 if it was removed and is only open
 * @param owner the user id of its owner
 * @param size bytes; 0 for devices
 * @param blocks the space allocated to it, in units of {@link #BLOCK} bytes
 * @param inode inode number, with {@code deviceMajor} and {@code deviceMinor} the file's identity
 * @param deviceMajor major number of the device that the file is on
 * @param deviceMinor minor number of the device that the file is on
 * @param specialMajor major number of the device that the file is, if it is one
 * @param specialMinor minor number of the device that the file is, if it is one
 * @param changed when its content or its metadata last changed; programs can't set it
 * @param dax whether mappings of the file access its persistent memory directly, STATX_ATTR_DAX
 *     (Linux 5.8; false before)
 */
public record FileStatus(
    int mode,
    int links,
    int owner,
    long size,
    long blocks,
    long inode,
    int deviceMajor,
    int deviceMinor,
    int specialMajor,
    int specialMinor,
    Instant changed,
    boolean dax) {

  /** The unit of {@code blocks} in bytes, whatever the block size of the file system. */
  public static final int BLOCK = 512;

  /** The file type, inode(7). */
  public enum Type {
    /** A regular file. */
    REGULAR("a regular file"),
    /** A directory. */
    DIRECTORY("a directory"),
    /** A symbolic link. */
    SYMBOLIC_LINK("a symbolic link"),
    /** A character device. */
    CHARACTER_DEVICE("a character device"),
    /** A block device. */
    BLOCK_DEVICE("a block device"),
    /** A named pipe. */
    FIFO("a FIFO"),
    /** A socket. */
    SOCKET("a socket"),
    /** Anything else. */
    UNKNOWN("a file of unknown type");

    private final String words;

    Type(String words) {
      this.words = words;
    }

    /** Returns the type in words, with its article. */
    @Override
    public String toString() {
      return words;
    }
  }

  /**
   * Makes a value from the three numbers that identify a file.
   *
   * @param <T> the value
   */
  @FunctionalInterface
  @ConsumerType
  public interface Identity<T> {
    /**
     * Makes the value.
     *
     * @param deviceMajor major number of the device that the file is on, or that it is
     * @param deviceMinor minor number of that device
     * @param inode inode number; 0 for a device
     */
    T of(int deviceMajor, int deviceMinor, long inode);
  }

  /**
   * Returns the identity of the file, whatever its names are; for a device file, that of the
   * device.
   */
  public <T> T identity(Identity<T> identity) {
    return switch (type()) {
      case CHARACTER_DEVICE, BLOCK_DEVICE -> identity.of(specialMajor, specialMinor, 0);
      default -> identity.of(deviceMajor, deviceMinor, inode);
    };
  }

  /** Returns whether both describe one file, or one device. */
  public boolean isSameFileAs(FileStatus other) {
    return identity(Which::new).equals(other.identity(Which::new));
  }

  private record Which(int deviceMajor, int deviceMinor, long inode) {}

  /** Returns the file type. */
  public Type type() {
    return switch (mode & CommonConstants.S_IFMT) {
      case CommonConstants.S_IFREG -> Type.REGULAR;
      case CommonConstants.S_IFDIR -> Type.DIRECTORY;
      case CommonConstants.S_IFLNK -> Type.SYMBOLIC_LINK;
      case CommonConstants.S_IFCHR -> Type.CHARACTER_DEVICE;
      case CommonConstants.S_IFBLK -> Type.BLOCK_DEVICE;
      case CommonConstants.S_IFIFO -> Type.FIFO;
      case CommonConstants.S_IFSOCK -> Type.SOCKET;
      default -> Type.UNKNOWN;
    };
  }
}
