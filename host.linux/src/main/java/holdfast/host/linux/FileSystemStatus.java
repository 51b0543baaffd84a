package holdfast.host.linux;

import holdfast.host.linux.internal.linux.CommonConstants;

/**
 * The status of the file system behind an open file, fstatfs(2).
 *
 * @param magic the file system's magic number, {@code linux/magic.h}
 * @param blockSize bytes; on hugetlbfs the size of its pages
 * @param size its capacity in bytes; 0 if it has no limit of its own or doesn't report one
 * @param available the part of it that an unprivileged process can still use, in bytes
 * @param files how many files it can hold (inodes); 0 if it has no limit or doesn't report one
 * @param freeFiles how many more files it can hold
 */
public record FileSystemStatus(
    long magic, long blockSize, long size, long available, long files, long freeFiles) {
  /** OpenZFS, which is not part of the kernel. */
  private static final int ZFS_SUPER_MAGIC = 0x2FC12FC1;

  /** Describes a file system that doesn't report how full it is. */
  public FileSystemStatus(long magic, long blockSize) {
    this(magic, blockSize, 0, 0, 0, 0);
  }

  /** Returns whether it can hold no further file, though it may have space. */
  public boolean isOutOfFiles() {
    return files > 0 && freeFiles == 0;
  }

  /** Returns whether the file system provides huge pages of its own size. */
  public boolean isHugetlbfs() {
    return (int) magic == CommonConstants.HUGETLBFS_MAGIC;
  }

  /** Returns whether its files live in the host's memory and are lost in a power cut. */
  public boolean isVolatile() {
    return switch ((int) magic) {
      case CommonConstants.TMPFS_MAGIC,
          CommonConstants.RAMFS_MAGIC,
          CommonConstants.HUGETLBFS_MAGIC ->
          true;
      default -> false;
    };
  }

  /**
   * Returns the usual name, for example {@code ext4}, or the magic number if the name is not known.
   */
  public String name() {
    return switch ((int) magic) {
      case CommonConstants.EXT4_SUPER_MAGIC -> "ext4";
      case CommonConstants.XFS_SUPER_MAGIC -> "xfs";
      case CommonConstants.BTRFS_SUPER_MAGIC -> "btrfs";
      case CommonConstants.TMPFS_MAGIC -> "tmpfs";
      case CommonConstants.RAMFS_MAGIC -> "ramfs";
      case CommonConstants.HUGETLBFS_MAGIC -> "hugetlbfs";
      case CommonConstants.OVERLAYFS_SUPER_MAGIC -> "overlayfs";
      case CommonConstants.V9FS_MAGIC -> "9p";
      case CommonConstants.NFS_SUPER_MAGIC -> "nfs";
      case CommonConstants.FUSE_SUPER_MAGIC -> "fuse";
      case ZFS_SUPER_MAGIC -> "zfs";
      case CommonConstants.F2FS_SUPER_MAGIC -> "f2fs";
      default -> "file system 0x" + Long.toHexString(magic);
    };
  }
}
