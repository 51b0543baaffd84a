package holdfast.backend.mmap;

import holdfast.backend.mmap.internal.JnaLibc;
import java.nio.file.Path;
import java.util.SortedSet;

/**
 * Every system call that Holdfast makes. One method per call, named after it, with its arguments in
 * its order; a failure is an {@link ErrnoException} with the call's name. No bulk data passes
 * through here.
 *
 * <p>An interface, so that a test can make any call fail.
 *
 * <p>Thread-safe. Descriptors and addresses are the kernel's: who passes one that is not theirs
 * breaks the process.
 */
public interface Libc {

  /**
   * The C library of this process.
   *
   * @throws UnsupportedOperationException if this is not Linux on a 64-bit architecture whose
   *     constants are known
   */
  static Libc host() {
    return JnaLibc.instance();
  }

  /** The constants of the calls below on this host. */
  KernelConstants constants();

  /** getpagesize(2): the host's page size in bytes. */
  long getpagesize();

  /** mmap(2). */
  long mmap(long address, long length, int prot, int flags, int fd, long offset)
      throws ErrnoException;

  /** munmap(2). */
  void munmap(long address, long length) throws ErrnoException;

  /** msync(2). */
  void msync(long address, long length, int flags) throws ErrnoException;

  /** madvise(2). */
  void madvise(long address, long length, int advice) throws ErrnoException;

  /**
   * mbind(2), through libnuma: the C library has no function for it.
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
   * lseek(2) to the end: the size in bytes of the file now. The file position means nothing here.
   */
  long lseekEnd(int fd) throws ErrnoException;

  /** ftruncate(2). */
  void ftruncate(int fd, long length) throws ErrnoException;

  /** fallocate(2). */
  void fallocate(int fd, int mode, long offset, long length) throws ErrnoException;

  /** fsync(2). */
  void fsync(int fd) throws ErrnoException;

  /**
   * fcntl(2) F_OFD_SETLK over the whole file: an open file description lock, which belongs to this
   * descriptor and goes with it.
   *
   * @param exclusive for a writer; else shared, for a reader
   * @throws ErrnoException EAGAIN or EACCES if somebody else holds a lock in the way
   */
  void fcntlOfdSetlk(int fd, boolean exclusive) throws ErrnoException;
}
