package holdfast.host.linux;

/** The operation during which a system call failed: the same errno needs another remedy in each. */
public enum Step {
  /** open(2) of an existing file. */
  OPEN("check the path"),
  /** open(2) that creates a file, or an unnamed file in a folder. */
  CREATE("check the path, and the folder it is in"),
  /** memfd_create(2). */
  MEMFD("use memory-backend-ram"),
  /** statx(2), fstatfs(2) or lseek(2) of an open file. */
  LOOK("check the file and its disk"),
  /** ftruncate(2) of an empty file to the block's end. */
  GROW("use a file on another file system, or one that has its size already"),
  /** fcntl(2) F_ADD_SEALS. */
  SEAL("set seal=off"),
  /** fallocate(2). */
  ALLOCATE("set reserve=off, or use another file system"),
  /** fsync(2) of a file or of the folder that holds its name. */
  SYNC("check the disk and its file system"),
  /** mmap(2) of addresses without access, to reserve them. */
  RESERVE("ask for less"),
  /** mmap(2) of the backing. */
  MAP("the file system can't map this file so: use another"),
  /** mremap(2) of memory that exists only in its mapping. */
  MOVE("it stays where it is"),
  /** mbind(2). */
  BIND("the nodes that this host has are listed in /sys/devices/system/node/online"),
  /** madvise(2) MADV_POPULATE_READ or _WRITE. */
  POPULATE("set prealloc=off"),
  /** msync(2). */
  WRITE_BACK("check the disk and its file system"),
  /** Tracking of writes by the kernel: userfaultfd(2), its requests, PAGEMAP_SCAN. */
  TRACK("swap without tracking: stop the writers, or let each keep a log of its own");

  private final String remedy;

  Step(String remedy) {
    this.remedy = remedy;
  }

  /** Returns what to do about an errno for which nothing more specific is known. */
  public String remedy() {
    return remedy;
  }
}
