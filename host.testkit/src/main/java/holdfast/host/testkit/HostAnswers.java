package holdfast.host.testkit;

import holdfast.host.linux.FileStatus;
import holdfast.host.linux.FileSystemStatus;
import holdfast.host.linux.KernelConstants;
import holdfast.host.linux.Libc;
import holdfast.host.linux.PageRegions;
import holdfast.host.testkit.FaultyLibc.SyncAnswer;
import java.util.function.UnaryOperator;

/** What a host answers to some calls: as the real one does, until it is configured otherwise. */
final class HostAnswers {
  private static final int CHARACTER_DEVICE = 0x2000;
  private static final long HUGETLBFS = 0x958458F6L;

  volatile KernelConstants constants;
  volatile String release;
  volatile UnaryOperator<FileStatus> statx = UnaryOperator.identity();
  volatile UnaryOperator<FileSystemStatus> fstatfs = UnaryOperator.identity();
  volatile UnaryOperator<PageRegions> scan = UnaryOperator.identity();
  volatile int longestVector = Integer.MAX_VALUE;
  volatile SyncAnswer sync = SyncAnswer.REAL;

  HostAnswers(Libc real) {
    this.constants = real.constants();
    this.release = real.release();
  }

  /** Returns the file as the character device with that number. */
  static FileStatus asCharacterDevice(FileStatus file, int major, int minor) {
    return new FileStatus(
        CHARACTER_DEVICE | 0600,
        file.links(),
        file.owner(),
        0,
        0,
        file.inode(),
        file.deviceMajor(),
        file.deviceMinor(),
        major,
        minor,
        file.changed(),
        file.dax());
  }

  /** Returns the file as one on a file system mounted with DAX. */
  static FileStatus asDax(FileStatus file) {
    return new FileStatus(
        file.mode(),
        file.links(),
        file.owner(),
        file.size(),
        file.blocks(),
        file.inode(),
        file.deviceMajor(),
        file.deviceMinor(),
        file.specialMajor(),
        file.specialMinor(),
        file.changed(),
        true);
  }

  /** Returns hugetlbfs with pages of that size. */
  static FileSystemStatus hugetlbfs(long pageSize) {
    return new FileSystemStatus(HUGETLBFS, pageSize);
  }

  /** Returns the flags that the real mmap(2) gets for those that a caller passes. */
  int mapFlags(int flags) {
    int sync = constants.mapSync();
    int both = constants.mapSharedValidate() | sync;
    if (sync == 0 || (flags & both) != both) {
      return flags;
    }
    int plain = flags & ~both | KernelConstants.MAP_SHARED;
    return switch (this.sync) {
      case REAL -> flags;
      case TAKEN -> plain | sync;
      case TAKEN_IN_NAME_ONLY -> plain;
    };
  }
}
