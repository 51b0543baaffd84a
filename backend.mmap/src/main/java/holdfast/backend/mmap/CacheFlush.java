package holdfast.backend.mmap;

import holdfast.backend.mmap.internal.JdkCacheFlush;
import holdfast.backend.mmap.internal.Libpmem;
import java.lang.foreign.MemorySegment;
import java.util.Optional;

/**
 * How stores leave the CPU caches for persistent memory. A range is durable once it was {@linkplain
 * #flush flushed} after its last store and a {@linkplain #drain drain} has followed.
 *
 * <p>Thread-safe; a drain counts for the flushes of its own thread.
 */
public interface CacheFlush {

  /** Starts writing back every cache line that the range touches. */
  void flush(MemorySegment range);

  /** Waits until the lines flushed by this thread are in the persistence domain. */
  void drain();

  /**
   * Whether the platform itself writes back the CPU caches when power fails (eADR), so that a fence
   * alone makes a store durable. Then {@link #flush} is not called: what comes of it is not needed.
   */
  boolean platformFlushesCaches();

  /**
   * Which code this is, for reports: for example {@code pmem_deep_flush + pmem_drain
   * (libpmem.so.1)}.
   */
  String describe();

  /**
   * libpmem's flush, if the library can be loaded (Debian: {@code libpmem1}). No variable of the
   * environment makes it do nothing, as PMEM_NO_FLUSH does with {@code pmem_flush}; that it does
   * something was looked at, once.
   */
  static Optional<CacheFlush> libpmem() {
    return Libpmem.load();
  }

  /** Tells why there is no {@link #libpmem}; an empty string if there is. */
  static String whyNoLibpmem() {
    return Libpmem.whyNot();
  }

  /** Tells why there is no {@link #jdk}; an empty string if there is. */
  static String whyNoJdk() {
    return JdkCacheFlush.whyNot();
  }

  /**
   * The JDK's own write-back of cache lines (JEP 352), if the CPU has the instructions and the JVM
   * was started with {@code --add-exports java.base/jdk.internal.misc=ALL-UNNAMED}.
   */
  static Optional<CacheFlush> jdk() {
    return JdkCacheFlush.load();
  }
}
