package holdfast.backend.mmap;

/**
 * What statx(2) tells of an open file.
 *
 * @param mode file type and permission bits
 * @param size bytes; 0 for devices
 * @param inode inode number, with {@code deviceMajor} and {@code deviceMinor} the file's identity
 * @param deviceMajor major number of the device that the file is on
 * @param deviceMinor minor number of the device that the file is on
 * @param specialMajor major number of the device that the file is, if it is one
 * @param specialMinor minor number of the device that the file is, if it is one
 */
public record FileStatus(
    int mode,
    long size,
    long inode,
    int deviceMajor,
    int deviceMinor,
    int specialMajor,
    int specialMinor) {

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

    /** The type in words, with its article. */
    @Override
    public String toString() {
      return words;
    }
  }

  /** The file type. The same numbers on every architecture. */
  public Type type() {
    return switch (mode & 0xF000) {
      case 0x8000 -> Type.REGULAR;
      case 0x4000 -> Type.DIRECTORY;
      case 0xA000 -> Type.SYMBOLIC_LINK;
      case 0x2000 -> Type.CHARACTER_DEVICE;
      case 0x6000 -> Type.BLOCK_DEVICE;
      case 0x1000 -> Type.FIFO;
      case 0xC000 -> Type.SOCKET;
      default -> Type.UNKNOWN;
    };
  }
}
