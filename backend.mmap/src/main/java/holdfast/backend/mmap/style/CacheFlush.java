package holdfast.backend.mmap.style;

import java.lang.foreign.MemorySegment;
import org.osgi.annotation.versioning.ProviderType;

/**
 * Moves stores from the CPU caches to persistent memory. A range is durable when it was {@linkplain
 * #flush flushed} after its last store and a {@linkplain #drain drain} has followed.
 *
 * <p>Thread-safe; a drain covers the flushes of its own thread.
 */
@ProviderType
public interface CacheFlush {

  /**
   * Starts writing back every cache line that the range touches.
   *
   * @param range bytes that are there, since a page that is lost may end the JVM; the caller keeps
   *     them mapped until this returns
   */
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
}
