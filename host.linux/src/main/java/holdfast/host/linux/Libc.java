package holdfast.host.linux;

import java.nio.file.Path;
import java.util.SortedSet;
import org.osgi.annotation.versioning.ProviderType;

/**
 * Every system call that Holdfast makes. There is one method per call, with the call's name and the
 * order of its arguments; a failure is an {@link ErrnoException} with the call's name. No bulk data
 * passes through here.
 *
 * <p>This is an interface so that a test can make any call fail; {@link HostLibc} has the real
 * implementation.
 *
 * <p>Thread-safe. Descriptors and addresses are the kernel's: a caller that passes one that it
 * doesn't own breaks the process.
 */
@ProviderType
public interface Libc {

  /** Returns the constants of the calls below on this host. */
  KernelConstants constants();

  /** Returns the kernel's release, as uname(2) reports it, such as {@code 6.18.44-generic}. */
  String release();

  /** getpagesize(2): returns the host's page size in bytes. */
  long getpagesize();

  /** geteuid(2): returns the effective user id of this process. */
  int geteuid();

  /** mmap(2). */
  long mmap(long address, long length, int prot, int flags, int fd, long offset)
      throws ErrnoException;

  /**
   * mremap(2): moves a whole mapping.
   *
   * @param flags MREMAP_…
   * @param newAddress with MREMAP_FIXED, the mapping goes over whatever is mapped there; without
   *     it, a wish
   * @return the new address
   */
  long mremap(long oldAddress, long length, int flags, long newAddress) throws ErrnoException;

  /** munmap(2). */
  void munmap(long address, long length) throws ErrnoException;

  /** msync(2). */
  void msync(long address, long length, int flags) throws ErrnoException;

  /** madvise(2). */
  void madvise(long address, long length, int advice) throws ErrnoException;

  /**
   * mbind(2), through libnuma, since the C library has no function for it.
   *
   * @param mode MPOL_…
   * @param nodes the numbers of the nodes
   * @param flags MPOL_MF_…
   * @throws ErrnoException ENOSYS also if libnuma.so.1 can't be loaded
   */
  void mbind(long address, long length, int mode, SortedSet<Integer> nodes, int flags)
      throws ErrnoException;

  /** memfd_create(2). */
  int memfdCreate(String name, int flags) throws ErrnoException;

  /** fcntl(2) F_DUPFD_CLOEXEC: returns another descriptor of the same open file description. */
  int fcntlDupfdCloexec(int fd) throws ErrnoException;

  /** fcntl(2) F_ADD_SEALS. */
  void fcntlAddSeals(int fd, int seals) throws ErrnoException;

  /** open(2). */
  int open(Path path, int flags, int mode) throws ErrnoException;

  /** close(2). */
  void close(int fd) throws ErrnoException;

  /** unlink(2). */
  void unlink(Path path) throws ErrnoException;

  /** statx(2) of an open descriptor. */
  FileStatus statx(int fd) throws ErrnoException;

  /** fstatfs(2). */
  FileSystemStatus fstatfs(int fd) throws ErrnoException;

  /**
   * lseek(2) to the end: returns the present size of the file in bytes. The file position is not
   * used.
   */
  long lseekEnd(int fd) throws ErrnoException;

  /** ftruncate(2). */
  void ftruncate(int fd, long length) throws ErrnoException;

  /** fallocate(2). */
  void fallocate(int fd, int mode, long offset, long length) throws ErrnoException;

  /** fsync(2). */
  void fsync(int fd) throws ErrnoException;

  /**
   * sync_file_range(2).
   *
   * @param flags SYNC_FILE_RANGE_…
   */
  void syncFileRange(int fd, long offset, long length, int flags) throws ErrnoException;

  /**
   * fcntl(2) F_OFD_SETLK over the whole file: takes an open file description lock, which belongs to
   * this descriptor and ends with it.
   *
   * @param exclusive whether to lock for a writer; otherwise the lock is shared, for a reader
   * @throws ErrnoException EAGAIN or EACCES if a conflicting lock is held
   */
  void fcntlOfdSetlk(int fd, boolean exclusive) throws ErrnoException;

  /**
   * fcntl(2) F_OFD_GETLK over the whole file: returns whether another open file description, or a
   * process, has a writer's lock there. Takes no lock, not even for an instant.
   */
  boolean fcntlOfdGetlk(int fd) throws ErrnoException;

  /**
   * userfaultfd(2), for which the C library has no function.
   *
   * @param flags O_CLOEXEC, O_NONBLOCK, UFFD_USER_MODE_ONLY
   * @throws ErrnoException ENOSYS also if the system call's number is not known
   */
  int userfaultfd(int flags) throws ErrnoException;

  /**
   * ioctl(2) USERFAULTFD_IOC_NEW (Linux 6.1) on {@code /dev/userfaultfd}: returns a new
   * userfaultfd. Open to every process that may open that device.
   *
   * @param flags O_CLOEXEC, O_NONBLOCK
   */
  int ioctlUserfaultfdNew(int fd, int flags) throws ErrnoException;

  /**
   * ioctl(2) UFFDIO_API, the first call on a userfaultfd.
   *
   * @param features UFFD_FEATURE_…
   * @return the features that the kernel has
   * @throws ErrnoException EINVAL if it lacks a requested one
   */
  long ioctlUffdioApi(int fd, long features) throws ErrnoException;

  /**
   * ioctl(2) UFFDIO_REGISTER: the userfaultfd handles these pages until it is closed.
   *
   * @param mode UFFDIO_REGISTER_MODE_…
   */
  void ioctlUffdioRegister(int fd, long address, long length, long mode) throws ErrnoException;

  /**
   * ioctl(2) UFFDIO_WRITEPROTECT.
   *
   * @param mode UFFDIO_WRITEPROTECT_MODE_…
   */
  void ioctlUffdioWriteprotect(int fd, long address, long length, long mode) throws ErrnoException;

  /**
   * read(2) of one message of a userfaultfd that was opened with O_NONBLOCK.
   *
   * @return whether there was one
   */
  boolean readUffdMessage(int fd) throws ErrnoException;

  /**
   * ioctl(2) PAGEMAP_SCAN (Linux 6.7) on {@code /proc/self/pagemap}.
   *
   * @param flags PM_SCAN_…
   * @param start the first address
   * @param end the address after the last one
   * @param vectorLength the most regions to return
   * @param categories PAGE_IS_…: only pages that belong to all of them are reported
   * @throws ErrnoException possibly after a part of the range was processed; which part is not
   *     known
   */
  PageRegions ioctlPagemapScan(
      int fd, long flags, long start, long end, int vectorLength, long categories)
      throws ErrnoException;
}
