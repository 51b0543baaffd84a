package holdfast.backend.mmap;

/**
 * What fstatfs(2) tells of the file system behind an open file.
 *
 * @param magic the file system's magic number, {@code linux/magic.h}
 * @param blockSize bytes; on hugetlbfs the size of its pages
 */
public record FileSystemStatus(long magic, long blockSize) {
  private static final long TMPFS = 0x01021994L;
  private static final long RAMFS = 0x858458F6L;
  private static final long HUGETLBFS = 0x958458F6L;

  /** Whether the file system hands out huge pages of its own size. */
  public boolean isHugetlbfs() {
    return magic == HUGETLBFS;
  }

  /** Whether everything on it lives in the host's memory, and is gone after a power cut. */
  public boolean isVolatile() {
    return magic == TMPFS || magic == RAMFS || magic == HUGETLBFS;
  }

  /** The usual name, for example {@code ext4}; the magic number for one that is not known here. */
  public String name() {
    return switch ((int) magic) {
      case 0xEF53 -> "ext4";
      case 0x58465342 -> "xfs";
      case 0x9123683E -> "btrfs";
      case 0x01021994 -> "tmpfs";
      case 0x858458F6 -> "ramfs";
      case 0x958458F6 -> "hugetlbfs";
      case 0x794C7630 -> "overlayfs";
      case 0x01021997 -> "9p";
      case 0x6969 -> "nfs";
      case 0x65735546 -> "fuse";
      case 0x2FC12FC1 -> "zfs";
      case 0xF2F52010 -> "f2fs";
      default -> "file system 0x" + Long.toHexString(magic);
    };
  }
}
