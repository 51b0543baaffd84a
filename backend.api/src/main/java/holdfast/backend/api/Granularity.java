package holdfast.backend.api;

/**
 * The unit that has to be flushed for a store to survive a power cut, in the terms of SNIA and
 * libpmem2, from the weakest guarantee to the strongest.
 *
 * @see <a
 *     href="https://pmem.io/pmdk/manpages/linux/master/libpmem2/pmem2_map_get_store_granularity.3/">libpmem2:
 *     store granularity</a>
 */
public enum Granularity {
  /** Nothing makes a store durable: private or volatile memory. */
  NONE("none"),

  /** Whole pages, through the kernel: msync(2), fdatasync(2). Ordinary files. */
  PAGE("page"),

  /** CPU cache lines, from user space: a flush instruction and a fence. MAP_SYNC on DAX. */
  CACHE_LINE("cache-line"),

  /** A fence alone: the platform flushes CPU caches itself when power fails (eADR). */
  BYTE("byte");

  private final String label;

  Granularity(String label) {
    this.label = label;
  }

  /**
   * Returns the word shown to people and in JSON: {@code none}, {@code page}, {@code cache-line} or
   * {@code byte}.
   */
  public String label() {
    return label;
  }

  @Override
  public String toString() {
    return label;
  }
}
