package holdfast.machine.api;

import org.osgi.annotation.versioning.ConsumerType;
import org.osgi.annotation.versioning.ProviderType;

/**
 * A {@link GuestWriter}'s own log of the ranges that it stored into. Can be called while its writer
 * stores.
 */
@ConsumerType
public interface DirtyLog {

  /**
   * Starts logging stores into {@code region}; the log is empty at first. A store that is under way
   * during this call is logged.
   */
  void start(MemoryRegion region);

  /**
   * Reports the ranges that the writer stored into since {@link #start} or the last call, and
   * removes them from the log. The bytes are copied after this call, so log a store when it is
   * done: a store that is still under way when this call returns must be reported by the next one,
   * whether or not this one reported it.
   */
  void collect(MemoryRegion region, Ranges into);

  /** Stops logging stores into {@code region}. */
  void stop(MemoryRegion region);

  /** Receives ranges of a region. */
  @ProviderType
  interface Ranges {
    /**
     * Adds a range that contains bytes that were stored to, and possibly others.
     *
     * @param offset first byte, from 0
     * @param length number of bytes, above 0
     */
    void add(long offset, long length);
  }
}
