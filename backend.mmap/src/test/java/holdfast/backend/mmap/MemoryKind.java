package holdfast.backend.mmap;

import holdfast.backend.api.Backing;
import holdfast.backend.api.ByteSize;
import holdfast.backend.api.RamFlag;
import java.nio.file.Path;
import java.util.EnumSet;

/** The kinds of memory that a block can be made of. */
enum MemoryKind {
  /** A shared mapping of a file. */
  FILE,
  /** A shared mapping of a file as persistent memory. */
  PMEM_FILE,
  /** A private mapping of a file: stores exist only in the mapping. */
  PRIVATE_FILE,
  /** A shared mapping of a memfd. */
  MEMFD,
  /** A shared mapping of a memfd in pages of 2 MiB. */
  HUGE_MEMFD,
  /** Memory of the process. */
  ANONYMOUS,
  /** Shared memory without a name. */
  ANONYMOUS_SHARED;

  /** Returns the size of a huge page. */
  static ByteSize hugePage() {
    return ByteSize.mib(2);
  }

  /** Returns the backing of a block of this kind, at {@code path} if it has a file with a name. */
  Backing backing(Path path) {
    return switch (this) {
      case FILE, PMEM_FILE, PRIVATE_FILE -> new Backing.File(path);
      case MEMFD -> new Backing.Memfd(false, ByteSize.ZERO, true);
      case HUGE_MEMFD -> new Backing.Memfd(true, hugePage(), true);
      case ANONYMOUS, ANONYMOUS_SHARED -> new Backing.Anonymous();
    };
  }

  /** Returns the flags of a block of this kind. */
  EnumSet<RamFlag> flags() {
    return switch (this) {
      case FILE, MEMFD, HUGE_MEMFD, ANONYMOUS_SHARED -> EnumSet.of(RamFlag.RAM_SHARED);
      case PMEM_FILE -> EnumSet.of(RamFlag.RAM_SHARED, RamFlag.RAM_PMEM);
      case PRIVATE_FILE, ANONYMOUS -> EnumSet.noneOf(RamFlag.class);
    };
  }

  /** Returns whether it is a mapping of a file with a name. */
  boolean isOfAFile() {
    return switch (this) {
      case FILE, PMEM_FILE, PRIVATE_FILE -> true;
      case MEMFD, HUGE_MEMFD, ANONYMOUS, ANONYMOUS_SHARED -> false;
    };
  }

  /** Returns whether the guest's stores go into a file with a name. */
  boolean reachesAFile() {
    return this == FILE || this == PMEM_FILE;
  }
}
