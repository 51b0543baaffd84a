package holdfast.backend.testkit;

import holdfast.backend.api.PersistException;
import holdfast.backend.api.RamBlock;
import holdfast.backend.mmap.style.CacheFlush;
import holdfast.host.testkit.AddressRange;
import holdfast.host.testkit.CpuCaches;
import java.util.List;

/**
 * A model of CPU caches that lose what was not flushed, as the cache flush of a block: judges
 * persists.
 */
public final class FlushOracle extends CpuCaches implements CacheFlush {
  /** Models a platform that loses the content of its CPU caches. */
  public FlushOracle() {
    this(false);
  }

  /**
   * @param eadr whether the platform flushes its CPU caches when power fails
   */
  public FlushOracle(boolean eadr) {
    super(eadr);
  }

  /**
   * Persists a range of a block that has this oracle as its cache flush.
   *
   * @return what was wrong with it, a sentence each; empty if nothing was
   */
  public List<String> persist(RamBlock block, long offset, long length) throws PersistException {
    long from = block.segment().address() + offset;
    return persist(
        List.of(new AddressRange(from, from + length)), () -> block.persist(offset, length));
  }
}
