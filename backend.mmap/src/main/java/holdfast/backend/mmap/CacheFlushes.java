package holdfast.backend.mmap;

import holdfast.backend.mmap.internal.JdkCacheFlush;
import holdfast.backend.mmap.internal.Libpmem;
import holdfast.backend.mmap.style.CacheFlush;
import java.util.Optional;

/** Provides the cache flushes of this host. Each is looked for once. */
public final class CacheFlushes {
  private CacheFlushes() {}

  /**
   * Returns libpmem's flush, if the library can be loaded (Debian: {@code libpmem1}). No
   * environment variable disables it, as PMEM_NO_FLUSH disables {@code pmem_flush}. It is tried
   * once, and not used if it is proved to do nothing.
   */
  public static Optional<CacheFlush> libpmem() {
    return Libpmem.load();
  }

  /**
   * Looks up why {@link #libpmem} is not available.
   *
   * @return the reason as half a sentence; empty if it is available
   */
  public static Optional<String> libpmemObstacle() {
    return Libpmem.obstacle();
  }

  /**
   * Returns the JDK's own write-back of cache lines (JEP 352), if the CPU has the instructions and
   * the JVM was started with {@code --add-exports java.base/jdk.internal.misc=ALL-UNNAMED}.
   */
  public static Optional<CacheFlush> jdk() {
    return JdkCacheFlush.load();
  }

  /**
   * Looks up why {@link #jdk} is not available.
   *
   * @return the reason as half a sentence; empty if it is available
   */
  public static Optional<String> jdkObstacle() {
    return JdkCacheFlush.obstacle();
  }
}
