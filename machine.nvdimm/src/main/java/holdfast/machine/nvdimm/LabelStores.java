package holdfast.machine.nvdimm;

import holdfast.machine.api.MemoryRegion;
import org.osgi.annotation.versioning.ConsumerType;

/**
 * Is told what was stored into label areas: for a {@link holdfast.machine.api.GuestWriter} that
 * keeps a {@link holdfast.machine.api.DirtyLog}, which must contain these stores, too.
 */
@FunctionalInterface
@ConsumerType
public interface LabelStores {
  /** Tells nobody. Enough for writers without a log. */
  LabelStores UNLOGGED = (region, offset, length) -> {};

  /**
   * Called in the thread of the store, after it and before its persist. Must not throw or block.
   *
   * @param offset first byte in the region, from 0
   * @param length number of bytes, above 0
   */
  void stored(MemoryRegion region, long offset, long length);
}
