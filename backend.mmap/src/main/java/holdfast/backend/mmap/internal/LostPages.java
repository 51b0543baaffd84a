package holdfast.backend.mmap.internal;

import holdfast.host.linux.Errno;
import holdfast.host.linux.ErrnoException;
import holdfast.host.linux.KernelConstants;
import holdfast.host.linux.Libc;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.VarHandle;
import java.util.Optional;

/**
 * Checks whether the kernel can still provide a block's pages, with madvise(2) {@code
 * MADV_POPULATE_READ} and {@code _WRITE} (Linux 5.14). That returns EFAULT at once where an access
 * would be a SIGBUS, which the JVM reports late and without an address. The caller holds one of the
 * window's locks.
 */
final class LostPages {
  private static final VarHandle INT = ValueLayout.JAVA_INT.varHandle();

  private final Libc libc;
  private final Window window;
  private final long pageSize;

  /**
   * @param pageSize that of the mapping in the window
   */
  LostPages(Libc libc, Window window, long pageSize) {
    this.libc = libc;
    this.window = window;
    this.pageSize = pageSize;
  }

  /** Returns the host's error for a page of the range that is lost; empty if none is. */
  Optional<ErrnoException> failure(long offset, long length, boolean stored) {
    if (length == 0) {
      return Optional.empty();
    }
    try {
      long from = offset & -pageSize;
      long end = Math.min(window.size(), roundUp(offset + length));
      populate(from, end - from, stored && !window.segment().isReadOnly());
      return Optional.empty();
    } catch (ErrnoException e) {
      return isLost(e) ? Optional.of(e) : Optional.empty();
    }
  }

  private long roundUp(long offset) {
    return (offset + pageSize - 1) & -pageSize;
  }

  private static boolean isLost(ErrnoException e) {
    return e.is(Errno.EFAULT) || e.is(Errno.EHWPOISON);
  }

  private void populate(long offset, long length, boolean stored) throws ErrnoException {
    int advice = stored ? KernelConstants.MADV_POPULATE_WRITE : KernelConstants.MADV_POPULATE_READ;
    while (true) {
      try {
        // SAFETY: within the window, which can't be unmapped while one of its locks is held;
        // populating changes no byte.
        libc.madvise(window.address() + offset, length, advice);
        return;
      } catch (ErrnoException e) {
        if (e.is(Errno.EINVAL) || e.is(Errno.ENOSYS)) {
          touch(offset, length, stored); // a kernel that doesn't know the advice
          return;
        }
        if (!e.is(Errno.EINTR) && !e.is(Errno.EAGAIN)) {
          throw e;
        }
      }
    }
  }

  /** Loads from each page, and stores back what is there if {@code stored}, on older kernels. */
  private void touch(long offset, long length, boolean stored) throws ErrnoException {
    MemorySegment segment = window.segment();
    byte[] loaded = new byte[1];
    try {
      for (long at = offset; at < offset + length; at += libc.getpagesize()) {
        // SAFETY: of the ways to access a page that may be lost, a copy to the heap and an atomic
        // operation turn a SIGBUS into an InternalError in compiled code too (JDK 25.0.3). An
        // interpreted atomic operation does not, of a page that only a store loses: there is no
        // other way on these kernels.
        MemorySegment.copy(segment, ValueLayout.JAVA_BYTE, at, loaded, 0, 1);
        if (stored) {
          int unused = (int) INT.getAndBitwiseOr(segment, at, 0);
        }
      }
    } catch (InternalError lost) {
      throw new ErrnoException("SIGBUS", new Errno(Errno.EFAULT, "Bad address"));
    }
  }
}
