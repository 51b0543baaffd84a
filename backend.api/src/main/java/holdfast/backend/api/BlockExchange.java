package holdfast.backend.api;

import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/**
 * A block that has taken another one's place, and what that left behind: mappings and an open file
 * that nobody needs, and whose end takes its time. Thread-safe.
 */
public final class BlockExchange {
  private final RamBlock block;

  /** Null when it was released. */
  private final AtomicReference<@Nullable Runnable> leftovers;

  /**
   * @param block the block that is in the place now
   * @param leftovers releases what is left of both blocks; run once
   */
  public BlockExchange(RamBlock block, Runnable leftovers) {
    this.block = block;
    this.leftovers = new AtomicReference<>(leftovers);
  }

  /** Returns the block that is in the place now. */
  public RamBlock block() {
    return block;
  }

  /**
   * Releases what the exchange left behind: unmaps it, closes the replaced block's file and
   * releases its lock. Idempotent.
   */
  public void release() {
    Runnable left = leftovers.getAndSet(null);
    if (left != null) {
      left.run();
    }
  }
}
