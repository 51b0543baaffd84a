package holdfast.backend.mmap;

import holdfast.backend.mmap.internal.JdkCacheFlush;
import holdfast.backend.mmap.internal.Libpmem;
import java.lang.foreign.MemorySegment;
import java.util.Optional;
import org.osgi.annotation.versioning.ProviderType;

/**
 * Moves stores from the CPU caches to persistent memory. A range is durable when it was {@linkplain
 * #flush flushed} after its last store and a {@linkplain #drain drain} has followed.
 *
 * <p>Thread-safe; a drain covers the flushes of its own thread.
 */
@ProviderType
public interface CacheFlush {

  /** Starts writing back every cache line that the range touches. */
  void flush(MemorySegment range);

  /** Waits until the lines flushed by this thread have reached the persistence domain. */
  void drain();

  /**
   * Returns whether the platform itself writes back the CPU caches when power fails (eADR), so that
   * a fence alone makes a store durable. {@link #flush} is then not called, since it isn't needed.
   */
  boolean platformFlushesCaches();

  /**
   * Returns which code this is, for reports: for example {@code pmem_deep_flush + pmem_drain
   * (libpmem.so.1)}.
   */
  String describe();

  /**
   * Returns libpmem's flush, if the library can be loaded (Debian: {@code libpmem1}). No
   * environment variable disables it, as PMEM_NO_FLUSH disables {@code pmem_flush}. It is tried
   * once, and not used if it is proved to do nothing.
   */
  static Optional<CacheFlush> libpmem() {
    return Libpmem.load();
  }

  /** Returns why there is no {@link #libpmem}; an empty string if there is. */
  static String whyNoLibpmem() {
    return Libpmem.whyNot();
  }

  /** Returns why there is no {@link #jdk}; an empty string if there is. */
  static String whyNoJdk() {
    return JdkCacheFlush.whyNot();
  }

  /**
   * Returns the JDK's own write-back of cache lines (JEP 352), if the CPU has the instructions and
   * the JVM was started with {@code --add-exports java.base/jdk.internal.misc=ALL-UNNAMED}.
   */
  static Optional<CacheFlush> jdk() {
    return JdkCacheFlush.load();
  }
}
