package holdfast.backend.mmap.internal;

import holdfast.host.linux.Errno;
import holdfast.host.linux.ErrnoException;
import holdfast.host.linux.KernelConstants;
import holdfast.host.linux.Libc;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.LockSupport;

/**
 * A userfaultfd(2) that write-protects pages asynchronously: the kernel itself lets the first store
 * into a protected page through, and records it. Closing it lifts all protection.
 */
final class Userfaultfd implements AutoCloseable {
  private static final Path DEVICE = Path.of("/dev/userfaultfd");
  private static final long FEATURES =
      KernelConstants.UFFD_FEATURE_WP_ASYNC
          | KernelConstants.UFFD_FEATURE_EVENT_REMAP
          | KernelConstants.UFFD_FEATURE_WP_UNPOPULATED
          | KernelConstants.UFFD_FEATURE_WP_HUGETLBFS_SHMEM;

  private static final long PAUSE_NANOS = Duration.ofMillis(1).toNanos();

  /** How long to try again when the kernel asks for that. */
  private static final Duration AGAIN_LIMIT = Duration.ofSeconds(10);

  private final Libc libc;
  private final int fd;

  private Userfaultfd(Libc libc, int fd) {
    this.libc = libc;
    this.fd = fd;
  }

  static Userfaultfd open(Libc libc) throws UntrackableException {
    Userfaultfd opened = new Userfaultfd(libc, descriptor(libc));
    try {
      libc.ioctlUffdioApi(opened.fd, FEATURES);
      return opened;
    } catch (ErrnoException e) {
      opened.close();
      throw new UntrackableException(
          e.is(Errno.EINVAL)
              ? "this kernel can't take note of writes by itself, "
                  + e.sentence()
                  + " for UFFD_FEATURE_WP_ASYNC; use Linux 6.12.3 or later, on an architecture with"
                  + " CONFIG_PTE_MARKER_UFFD_WP"
              : e.sentence());
    }
  }

  private static int descriptor(Libc libc) throws UntrackableException {
    ErrnoException ofDevice;
    try {
      return fromDevice(libc);
    } catch (ErrnoException e) {
      ofDevice = e;
    }
    try {
      return libc.userfaultfd(openFlags(libc) | KernelConstants.UFFD_USER_MODE_ONLY);
    } catch (ErrnoException e) {
      throw new UntrackableException(
          e.is(Errno.ENOSYS)
              ? "this kernel has no userfaultfd(2), "
                  + e.errno()
                  + "; use one with CONFIG_USERFAULTFD"
              : "this process gets no userfaultfd, neither from "
                  + DEVICE
                  + " ("
                  + ofDevice.sentence()
                  + ") nor from the system call ("
                  + e.sentence()
                  + "); let it open the device, or let its container's seccomp filter pass"
                  + " userfaultfd(2)");
    }
  }

  private static int fromDevice(Libc libc) throws ErrnoException {
    int device = libc.open(DEVICE, KernelConstants.O_RDWR | libc.constants().openCloexec(), 0);
    try {
      return libc.ioctlUserfaultfdNew(device, openFlags(libc));
    } finally {
      BackingOpener.closeQuietly(libc, device);
    }
  }

  private static int openFlags(Libc libc) {
    return libc.constants().openCloexec() | libc.constants().openNonblock();
  }

  /** Registers a range; its pages are still unprotected. */
  void register(long address, long length) throws ErrnoException {
    // SAFETY: the caller owns the range.
    libc.ioctlUffdioRegister(fd, address, length, KernelConstants.UFFDIO_REGISTER_MODE_WP);
  }

  /** Makes every page of a registered range clean, present or not. */
  void protect(long address, long length) throws ErrnoException {
    long limit = System.nanoTime() + AGAIN_LIMIT.toNanos();
    while (true) {
      try {
        // SAFETY: the caller owns the range, and it is registered with this descriptor alone.
        long mode = KernelConstants.UFFDIO_WRITEPROTECT_MODE_WP;
        libc.ioctlUffdioWriteprotect(fd, address, length, mode);
        return;
      } catch (ErrnoException e) {
        // the process' mappings changed meanwhile; protecting a page twice does no harm
        boolean again = e.is(Errno.EAGAIN) || e.is(Errno.EINTR);
        if (!again || System.nanoTime() > limit) {
          throw e;
        }
        LockSupport.parkNanos(Duration.ofMillis(1).toNanos());
      }
    }
  }

  /** A call that moves registered pages. */
  interface Move {
    /** Makes the call; returns the new address. */
    long make() throws ErrnoException;
  }

  /**
   * Moves registered pages by mremap(2), which keeps what was written (UFFD_FEATURE_EVENT_REMAP;
   * without it the kernel would clear the marks, page by page) and returns only when the message of
   * it was read here.
   */
  long whileMessagesAreRead(Move move) throws ErrnoException {
    AtomicBoolean ended = new AtomicBoolean();
    Thread reader;
    try {
      reader = Thread.ofPlatform().daemon().name("holdfast-moved").start(() -> read(ended));
    } catch (OutOfMemoryError noThread) {
      throw new ErrnoException("pthread_create", new Errno(Errno.EAGAIN, "" + noThread));
    }
    try {
      return move.make();
    } finally {
      ended.set(true);
      join(reader); // or it would read from whatever gets this descriptor's number next
    }
  }

  private static void join(Thread reader) {
    boolean interrupted = false;
    while (reader.isAlive()) {
      try {
        reader.join();
      } catch (InterruptedException e) {
        interrupted = true;
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }

  private void read(AtomicBoolean ended) {
    while (!ended.get()) {
      try {
        if (!libc.readUffdMessage(fd)) {
          Thread.onSpinWait(); // writers are paused until the message comes
        }
      } catch (ErrnoException | RuntimeException | Error e) {
        // whatever it is: the move would never return if nobody read its message
        LockSupport.parkNanos(PAUSE_NANOS);
      }
    }
  }

  /**
   * Lifts the protection, wherever the registered pages have moved, by closing the descriptor.
   * UFFDIO_UNREGISTER takes addresses and is not used: where the range was mapped anew, kernels up
   * to 6.18 refuse it for files on disks (EINVAL), and some older ones would end another tracking
   * that has started there.
   */
  @Override
  public void close() {
    BackingOpener.closeQuietly(libc, fd);
  }
}
