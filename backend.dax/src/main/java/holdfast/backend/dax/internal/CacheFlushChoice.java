package holdfast.backend.dax.internal;

import holdfast.backend.mmap.CacheFlush;
import holdfast.backend.mmap.MappingStyle;
import java.util.Optional;

/** Which code writes back CPU caches; chosen when the allocator starts. */
public enum CacheFlushChoice {
  /** libpmem where it is installed, else the JDK's, else none. */
  auto,
  /** libpmem or none. */
  libpmem,
  /** The JDK's write-back (JEP 352) or none. */
  jdk,
  /** None: blocks on DAX files are persisted with msync(2), DAX devices are refused. */
  none;

  Optional<CacheFlush> choose() {
    return switch (this) {
      case auto -> CacheFlush.libpmem().or(CacheFlush::jdk);
      case libpmem -> CacheFlush.libpmem();
      case jdk -> CacheFlush.jdk();
      case none -> Optional.empty();
    };
  }

  /** Why {@link #choose} found none, as half a sentence. */
  String whyNone() {
    return switch (this) {
      case auto -> CacheFlush.whyNoLibpmem() + ", and " + CacheFlush.whyNoJdk();
      case libpmem -> "cache.flush=libpmem is set, and " + CacheFlush.whyNoLibpmem();
      case jdk -> "cache.flush=jdk is set, and " + CacheFlush.whyNoJdk();
      case none -> "cache.flush=none is set";
    };
  }

  /** How blocks are mapped and flushed by this choice. */
  MappingStyle style(String allocator) {
    return choose()
        .map(flush -> MappingStyle.pmem(allocator, flush))
        .orElseGet(() -> MappingStyle.pmemWithoutFlush(allocator, whyNone()));
  }
}
