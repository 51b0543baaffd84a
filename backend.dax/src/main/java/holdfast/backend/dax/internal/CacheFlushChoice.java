package holdfast.backend.dax.internal;

import holdfast.backend.mmap.CacheFlush;
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
}
