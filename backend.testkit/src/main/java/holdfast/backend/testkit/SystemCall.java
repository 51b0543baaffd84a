package holdfast.backend.testkit;

/**
 * The calls of {@link holdfast.backend.mmap.Libc} that can fail, under their names in the manual.
 */
public enum SystemCall {
  /** mmap(2). */
  MMAP("mmap"),
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
  /** fcntl(2) F_OFD_SETLK. */
  FCNTL("fcntl"),
  /** fcntl(2) F_ADD_SEALS. */
  FCNTL_ADD_SEALS("fcntl");

  private final String label;

  SystemCall(String label) {
    this.label = label;
  }

  /** The name in the manual. */
  @Override
  public String toString() {
    return label;
  }
}
