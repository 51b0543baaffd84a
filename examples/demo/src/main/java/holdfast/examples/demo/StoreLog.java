package holdfast.examples.demo;

import holdfast.machine.api.DirtyLog;
import holdfast.machine.api.MemoryRegion;
import java.util.BitSet;

/**
 * The blocks of one region into which the guest has stored, for hosts and for memory where the
 * kernel can't tell. Thread-safe.
 */
final class StoreLog implements DirtyLog {
  private final MemoryRegion stored;
  private final int block;
  private final BitSet blocks = new BitSet();
  private boolean logging;

  /**
   * @param stored the only region into which the guest stores
   * @param block bytes of a block
   */
  StoreLog(MemoryRegion stored, int block) {
    this.stored = stored;
    this.block = block;
  }

  /** Says that the guest has stored into a block, once that is done. */
  synchronized void add(int number) {
    if (logging) {
      blocks.set(number);
    }
  }

  private boolean isOf(MemoryRegion region) {
    return region.id().equals(stored.id());
  }

  @Override
  public synchronized void start(MemoryRegion region) {
    if (isOf(region)) {
      blocks.clear();
      logging = true;
    }
  }

  @Override
  public synchronized void collect(MemoryRegion region, Ranges into) {
    if (!isOf(region)) {
      return;
    }
    int first = blocks.nextSetBit(0);
    while (first >= 0) {
      int end = blocks.nextClearBit(first);
      into.add((long) first * block, (long) (end - first) * block);
      first = blocks.nextSetBit(end);
    }
    blocks.clear();
  }

  @Override
  public synchronized void stop(MemoryRegion region) {
    if (isOf(region)) {
      logging = false;
      blocks.clear();
    }
  }
}
