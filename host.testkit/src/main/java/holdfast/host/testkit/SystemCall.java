package holdfast.host.testkit;

/** The calls of {@link holdfast.host.linux.Libc} that can fail, by their names in the manual. */
public enum SystemCall {
  /** mmap(2). */
  MMAP("mmap"),
  /** mremap(2). */
  MREMAP("mremap"),
  /** munmap(2). */
  MUNMAP("munmap"),
  /** msync(2). */
  MSYNC("msync"),
  /** madvise(2). */
  MADVISE("madvise"),
  /** mbind(2). */
  MBIND("mbind"),
  /** memfd_create(2). */
  MEMFD_CREATE("memfd_create"),
  /** open(2). */
  OPEN("open"),
  /** close(2). */
  CLOSE("close"),
  /** unlink(2). */
  UNLINK("unlink"),
  /** statx(2). */
  STATX("statx"),
  /** fstatfs(2). */
  FSTATFS("fstatfs"),
  /** lseek(2). */
  LSEEK("lseek"),
  /** ftruncate(2). */
  FTRUNCATE("ftruncate"),
  /** fallocate(2). */
  FALLOCATE("fallocate"),
  /** fsync(2). */
  FSYNC("fsync"),
  /** sync_file_range(2). */
  SYNC_FILE_RANGE("sync_file_range"),
  /** fcntl(2) F_OFD_SETLK. */
  FCNTL("fcntl"),
  /** fcntl(2) F_OFD_GETLK. */
  FCNTL_GETLK("fcntl"),
  /** fcntl(2) F_DUPFD_CLOEXEC. */
  FCNTL_DUPFD_CLOEXEC("fcntl"),
  /** fcntl(2) F_ADD_SEALS. */
  FCNTL_ADD_SEALS("fcntl"),
  /** userfaultfd(2). */
  USERFAULTFD("userfaultfd"),
  /** ioctl(2) USERFAULTFD_IOC_NEW. */
  IOCTL_USERFAULTFD_NEW("ioctl(USERFAULTFD_IOC_NEW)"),
  /** ioctl(2) UFFDIO_API. */
  IOCTL_UFFDIO_API("ioctl(UFFDIO_API)"),
  /** ioctl(2) UFFDIO_REGISTER. */
  IOCTL_UFFDIO_REGISTER("ioctl(UFFDIO_REGISTER)"),
  /** ioctl(2) UFFDIO_WRITEPROTECT. */
  IOCTL_UFFDIO_WRITEPROTECT("ioctl(UFFDIO_WRITEPROTECT)"),
  /** ioctl(2) PAGEMAP_SCAN. */
  IOCTL_PAGEMAP_SCAN("ioctl(PAGEMAP_SCAN)");

  private final String label;

  SystemCall(String label) {
    this.label = label;
  }

  /** Returns the name in the manual. */
  @Override
  public String toString() {
    return label;
  }
}
