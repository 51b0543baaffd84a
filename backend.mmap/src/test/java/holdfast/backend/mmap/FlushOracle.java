package holdfast.backend.mmap;

import holdfast.backend.api.PersistException;
import holdfast.backend.api.RamBlock;
import holdfast.backend.mmap.style.CacheFlush;
import holdfast.host.testkit.AddressRange;
import holdfast.host.testkit.CpuCaches;
import java.util.List;

/**
 * CPU caches that lose what was not flushed, as the cache flush of a block: they judge persists.
 */
public final class FlushOracle extends CpuCaches implements CacheFlush {
  public FlushOracle() {
    this(false);
  }

  public FlushOracle(boolean eadr) {
    super(eadr);
  }

  /**
   * Persists a range of a block that has this oracle for its cache flush.
   *
   * @return what was wrong with it, a sentence each; empty if nothing was
   */
  public List<String> persist(RamBlock block, long offset, long length) throws PersistException {
    long from = block.segment().address() + offset;
    return persist(
        List.of(new AddressRange(from, from + length)), () -> block.persist(offset, length));
  }
}
