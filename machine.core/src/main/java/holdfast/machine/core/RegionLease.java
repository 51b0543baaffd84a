package holdfast.machine.core;

import holdfast.backend.api.BlockExchange;
import holdfast.backend.api.RamBlock;
import holdfast.backend.api.RamBlockException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The sole right to change a region: for a swap, a plan of one, a change of properties, an
 * evacuation. Until it is closed nobody else gets one, and no other allocator re-maps the region's
 * block. Obtained by {@link Region#acquire}.
 *
 * <p>Thread-safe. It belongs to no thread: a swap that is planned in one is made in another.
 */
public final class RegionLease implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(RegionLease.class);

  private final Region region;
  private final AtomicBoolean closed = new AtomicBoolean();

  /** What was installed and left something behind. */
  private final AtomicReference<@Nullable BlockExchange> replaced = new AtomicReference<>();

  RegionLease(Region region) {
    this.region = region;
  }

  /** Returns the region. */
  public Region region() {
    return region;
  }

  /**
   * Replaces the present block with another one. The caller has made sure that both blocks have the
   * same content, {@linkplain #releaseReplaced releases} the present one as soon as writers have
   * resumed, and {@linkplain #announce announces} the change afterwards.
   *
   * @param maker the allocator that made {@code next}
   * @throws RamBlockException if the block can't be replaced; the present one keeps serving
   * @throws IllegalStateException if this lease is closed
   */
  public void install(RamBlock next, Candidate maker) throws RamBlockException {
    requireOpen();
    region.install(next, maker, replaced::set);
  }

  /**
   * Unmaps and closes what the last {@link #install} replaced, which takes longer than that itself;
   * {@link #close} does so, too. Later calls do nothing.
   */
  public void releaseReplaced() {
    BlockExchange made = replaced.getAndSet(null);
    if (made != null) {
      made.release();
      LOG.info("memory backend '{}': swapped to {}", region.id(), region.spec().backing());
    }
  }

  /**
   * Reports to the region's listeners that another block was installed.
   *
   * @throws IllegalStateException if this lease is closed
   */
  public void announce() {
    requireOpen();
    region.announce();
  }

  private void requireOpen() {
    if (closed.get()) {
      throw new IllegalStateException("the lease of " + region.id() + " is closed");
    }
  }

  /** Ends the lease: the region follows the present allocators again. Later calls do nothing. */
  @Override
  public void close() {
    if (closed.compareAndSet(false, true)) {
      try {
        releaseReplaced();
      } finally {
        region.release(this);
      }
    }
  }
}
