package holdfast.host.linux;

import java.nio.ByteBuffer;
import org.osgi.annotation.versioning.ProviderType;

/**
 * The system calls of a virtual machine monitor, beside those in {@link Libc}: requests to the
 * kernel's own hypervisor, and signals that have a thread leave it. What the requests mean is the
 * caller's. {@link HostLibc#vmm} has the real implementation; a test can make any of them fail.
 *
 * <p>Thread-safe. Descriptors, addresses and thread ids are the kernel's: a caller that passes one
 * that it doesn't own breaks the process.
 */
@ProviderType
public interface VmmCalls {

  /**
   * ioctl(2). The thread is in native code meanwhile, however long that takes, and holds nothing
   * up.
   *
   * @param name the request's name, for the exception
   * @param request its number
   * @param argument a number, or the address of the structure that the request takes
   * @return what it returned, 0 or more
   */
  int ioctl(int fd, String name, long request, long argument) throws ErrnoException;

  /**
   * mmap(2) of a device's memory, shared, for loads and stores.
   *
   * @return a view of it in the host's byte order, whose use after {@link #unmap} ends the process
   */
  ByteBuffer map(int fd, int length) throws ErrnoException;

  /** munmap(2) of what {@link #map} returned, which nobody uses any more. */
  void unmap(ByteBuffer mapped) throws ErrnoException;

  /** gettid(2): returns the kernel's id of the calling thread. */
  int gettid();

  /**
   * tgkill(2) of a thread of this process.
   *
   * @param tid the kernel's id of a thread that is alive
   * @param signal one that {@link #letInterrupt} was called for; any other would end the process
   */
  void tgkill(int tid, int signal) throws ErrnoException;

  /** Returns the lowest signal that the C library leaves free, SIGRTMIN. */
  int sigrtmin();

  /** Returns the highest signal, SIGRTMAX. */
  int sigrtmax();

  /**
   * signal(2): has a signal interrupt what its thread waits for in the kernel and do nothing else.
   * (An ignored signal would not interrupt it, and one without handler would end the process.) The
   * handler is getpid(2) of the C library, which a handler may call (signal-safety(7)); no code of
   * Java's ever runs in it.
   */
  void letInterrupt(int signal) throws ErrnoException;
}
