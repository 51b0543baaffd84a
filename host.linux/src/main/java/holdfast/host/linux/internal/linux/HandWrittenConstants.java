package holdfast.host.linux.internal.linux;

/**
 * Constants of Linux that are newer than the headers of Debian's packages that {@link
 * LinuxConstant} is generated from (6.1), written by hand: {@code include/uapi/linux/fs.h} and
 * {@code include/uapi/linux/userfaultfd.h}, which are the same on all architectures. A test has the
 * C compiler compare them with the headers of the machine if these are new enough. When Debian's
 * packages have them, move them to {@code cnf/update-linux-headers}.
 */
public final class HandWrittenConstants {

  // linux/userfaultfd.h, Linux 6.4, commit 2bad466cc9d9
  public static final int UFFD_FEATURE_WP_UNPOPULATED = 1 << 13;

  // linux/userfaultfd.h, Linux 6.7, commit d61ea1cb0095
  public static final int UFFD_FEATURE_WP_ASYNC = 1 << 15;

  // linux/fs.h, Linux 6.7, commit 52526ca7fdb9
  public static final int PAGE_IS_WRITTEN = 1 << 1;
  public static final int PM_SCAN_WP_MATCHING = 1;
  public static final int PM_SCAN_CHECK_WPASYNC = 1 << 1;

  /**
   * The type part of the number of the request PAGEMAP_SCAN, {@code _IOWR('f', 16, pm_scan_arg)}.
   */
  public static final int PAGEMAP_SCAN_TYPE = 'f';

  /** The nr part of the number of the request PAGEMAP_SCAN. */
  public static final int PAGEMAP_SCAN_NR = 16;

  private HandWrittenConstants() {}
}
