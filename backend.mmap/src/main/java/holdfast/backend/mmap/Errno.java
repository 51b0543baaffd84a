package holdfast.backend.mmap;

import java.util.Map;

/**
 * An error number of the kernel, errno(3).
 *
 * <p>The numbers are those of Linux' {@code asm-generic/errno.h}, which amd64, arm64, loongarch64,
 * ppc64le, riscv64 and s390x share.
 *
 * @param value the number
 * @param text the C library's sentence for it, strerror(3)
 */
public record Errno(int value, String text) {
  /** No such file or directory. */
  public static final int ENOENT = 2;

  /** Interrupted system call. */
  public static final int EINTR = 4;

  /** Input/output error. */
  public static final int EIO = 5;

  /** Try again: a lock is held by somebody else. */
  public static final int EAGAIN = 11;

  /** Out of memory, address space or mappings. */
  public static final int ENOMEM = 12;

  /** Permission denied; of fcntl(2) locks also: held by somebody else. */
  public static final int EACCES = 13;

  /** File exists. */
  public static final int EEXIST = 17;

  /** Invalid argument: among others, the answer of a kernel that doesn't know a flag. */
  public static final int EINVAL = 22;

  /** No space left on device. */
  public static final int ENOSPC = 28;

  /** Function not implemented. */
  public static final int ENOSYS = 38;

  /** Operation not supported; the same number as ENOTSUP on Linux. */
  public static final int EOPNOTSUPP = 95;

  private static final Map<Integer, String> NAMES =
      Map.ofEntries(
          Map.entry(1, "EPERM"),
          Map.entry(ENOENT, "ENOENT"),
          Map.entry(EINTR, "EINTR"),
          Map.entry(EIO, "EIO"),
          Map.entry(6, "ENXIO"),
          Map.entry(9, "EBADF"),
          Map.entry(EAGAIN, "EAGAIN"),
          Map.entry(ENOMEM, "ENOMEM"),
          Map.entry(EACCES, "EACCES"),
          Map.entry(14, "EFAULT"),
          Map.entry(16, "EBUSY"),
          Map.entry(EEXIST, "EEXIST"),
          Map.entry(19, "ENODEV"),
          Map.entry(20, "ENOTDIR"),
          Map.entry(21, "EISDIR"),
          Map.entry(EINVAL, "EINVAL"),
          Map.entry(23, "ENFILE"),
          Map.entry(24, "EMFILE"),
          Map.entry(26, "ETXTBSY"),
          Map.entry(27, "EFBIG"),
          Map.entry(ENOSPC, "ENOSPC"),
          Map.entry(29, "ESPIPE"),
          Map.entry(30, "EROFS"),
          Map.entry(36, "ENAMETOOLONG"),
          Map.entry(37, "ENOLCK"),
          Map.entry(ENOSYS, "ENOSYS"),
          Map.entry(40, "ELOOP"),
          Map.entry(75, "EOVERFLOW"),
          Map.entry(EOPNOTSUPP, "EOPNOTSUPP"),
          Map.entry(122, "EDQUOT"),
          Map.entry(133, "EHWPOISON"));

  /** The symbol, for example {@code EOPNOTSUPP}; {@code errno 200} for a number without a name here. */
  public String name() {
    return NAMES.getOrDefault(value, "errno " + value);
  }

  /** Symbol and sentence, for example {@code EOPNOTSUPP (Operation not supported)}. */
  @Override
  public String toString() {
    return name() + " (" + text + ")";
  }
}
