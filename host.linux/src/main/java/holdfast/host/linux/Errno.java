package holdfast.host.linux;

import holdfast.host.linux.internal.linux.CommonConstants;
import holdfast.host.linux.internal.linux.LinuxErrno;
import holdfast.host.linux.internal.linux.LinuxFamily;
import java.util.HashMap;
import java.util.Map;

/**
 * An error number of the kernel, errno(3).
 *
 * <p>The numbers are those of the architecture that this JVM runs on ({@code
 * cnf/update-linux-headers}).
 *
 * @param value the number
 * @param text the C library's message for it, strerror(3)
 */
public record Errno(int value, String text) {
  /** Operation not permitted. */
  public static final int EPERM = CommonConstants.EPERM;

  /** No such file or directory. */
  public static final int ENOENT = CommonConstants.ENOENT;

  /** Interrupted system call. */
  public static final int EINTR = CommonConstants.EINTR;

  /** Input/output error. */
  public static final int EIO = CommonConstants.EIO;

  /** Try again; for locks: a conflicting lock is held. */
  public static final int EAGAIN = LinuxFamily.host().number(LinuxErrno.EAGAIN);

  /** Out of memory, address space or mappings. */
  public static final int ENOMEM = CommonConstants.ENOMEM;

  /** Permission denied; for fcntl(2) locks also: a conflicting lock is held. */
  public static final int EACCES = CommonConstants.EACCES;

  /** Bad address; for MADV_POPULATE also: nothing is behind a page, where an access gets SIGBUS. */
  public static final int EFAULT = CommonConstants.EFAULT;

  /** Device or resource busy. */
  public static final int EBUSY = CommonConstants.EBUSY;

  /** File exists. */
  public static final int EEXIST = CommonConstants.EEXIST;

  /** Not a directory: a component of a path is used as one but isn't. */
  public static final int ENOTDIR = LinuxFamily.host().number(LinuxErrno.ENOTDIR);

  /** Is a directory; for open(2) also: O_TMPFILE is not known. */
  public static final int EISDIR = CommonConstants.EISDIR;

  /** Read-only file system. */
  public static final int EROFS = CommonConstants.EROFS;

  /** Invalid argument; also the answer of a kernel that doesn't know a flag. */
  public static final int EINVAL = CommonConstants.EINVAL;

  /** No space left on device. */
  public static final int ENOSPC = CommonConstants.ENOSPC;

  /** Function not implemented. */
  public static final int ENOSYS = LinuxFamily.host().number(LinuxErrno.ENOSYS);

  /** Operation not supported; the same number as ENOTSUP on Linux. */
  public static final int EOPNOTSUPP = LinuxFamily.host().number(LinuxErrno.EOPNOTSUPP);

  /** Memory page has hardware error. */
  public static final int EHWPOISON = LinuxFamily.host().number(LinuxErrno.EHWPOISON);

  private static final Map<Integer, String> NAMES = names(LinuxFamily.host());

  private static Map<Integer, String> names(LinuxFamily linux) {
    Map<Integer, String> names = new HashMap<>();
    for (LinuxErrno errno : LinuxErrno.values()) {
      names.put(linux.number(errno), errno.name());
    }
    names.remove(0); // the errors that the architecture doesn't have
    return Map.copyOf(names);
  }

  /**
   * Returns the symbol, for example {@code EOPNOTSUPP}, or {@code errno 200} for an unknown number.
   */
  public String name() {
    return NAMES.getOrDefault(value, "errno " + value);
  }

  /** Returns symbol and message, for example {@code EOPNOTSUPP (Operation not supported)}. */
  @Override
  public String toString() {
    return name() + " (" + text + ")";
  }
}
