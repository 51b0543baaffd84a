package holdfast.machine.api;

/**
 * A {@link GuestWriter}'s own log of where it stored. Thread-safe with regard to its writer's
 * stores.
 */
public interface DirtyLog {

  /**
   * From now on stores into {@code region} are logged; so far none is. A store that is under way
   * during this call is logged.
   */
  void start(MemoryRegion region);

  /**
   * Hands out where the writer stored since {@link #start} or the last call, and forgets it. The
   * bytes are copied after this call: so a store that is still under way when it returns is handed
   * out by the next one, whether or not it was by this one. Log a store when it is done.
   */
  void collect(MemoryRegion region, Ranges into);

  /** Stores into {@code region} are no longer logged. */
  void stop(MemoryRegion region);

  /** Takes ranges of a region. */
  interface Ranges {
    /**
     * Bytes that were stored to, and perhaps others.
     *
     * @param offset first byte, from 0
     * @param length number of bytes, above 0
     */
    void add(long offset, long length);
  }
}
