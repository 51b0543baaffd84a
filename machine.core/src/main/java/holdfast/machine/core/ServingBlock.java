package holdfast.machine.core;

import holdfast.backend.api.Granularity;
import holdfast.backend.api.PersistException;
import holdfast.backend.api.RamBlock;
import holdfast.backend.api.RamBlockSpec;
import holdfast.backend.api.RetiredBlockException;
import holdfast.machine.admin.FailureKind;
import holdfast.machine.admin.ObjectCounters;
import holdfast.machine.api.RegionState;
import java.util.Optional;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The block that serves a region now, and whether it can be relied on: a persist, a lost page or a
 * failed write-back that concerns a block which another one has replaced meanwhile says nothing
 * about the region.
 *
 * <p>Thread-safe.
 */
final class ServingBlock {
  private static final Logger LOG = LoggerFactory.getLogger(ServingBlock.class);

  private final Runnable changed;

  /** Held while a block is exchanged. */
  private final ReentrantLock exchange = new ReentrantLock();

  private final PersistCounts counts = new PersistCounts();

  /** Replaced as a whole, under {@link #exchange}. */
  private volatile Region.Status status;

  private volatile FailureKind failure = FailureKind.NONE;

  /**
   * @param changed called after the region has failed, with no lock held
   */
  ServingBlock(Region.Status status, Runnable changed) {
    this.status = status;
    this.changed = changed;
  }

  /** Returns the lock that is held while a block is exchanged; for whoever does so. */
  ReentrantLock exchange() {
    return exchange;
  }

  /** Returns the state at this moment. */
  Region.Status status() {
    return status;
  }

  /** Replaces the state; the caller holds the lock of the exchange. */
  void become(Region.Status next) {
    if (!exchange.isHeldByCurrentThread()) {
      throw new IllegalStateException("the lock of the exchange is not held");
    }
    status = next;
  }

  /** Does what {@link Region#checkWriteBack} promises. */
  void checkWriteBack() {
    while (true) {
      Region.Status now = status;
      if (now.state() == RegionState.FAILED || isClosed()) {
        return;
      }
      Optional<String> failure = FailureReason.ofWriteBack(now.block());
      if (failure.isEmpty() || failIn(now.block(), FailureKind.WRITE_BACK, failure.get())) {
        return;
      }
      // meanwhile another block replaced it, perhaps of the same file
    }
  }

  /** Returns whether its memory has ended. */
  boolean isClosed() {
    return !status.block().segment().scope().isAlive();
  }

  /** Does what {@link Region#fail} promises. */
  void fail(Throwable cause) {
    failIn(null, FailureKind.LOST_PAGE, FailureReason.of(cause, status.block().spec()));
  }

  /** Does what {@link Region#failIfLost} promises. */
  boolean failIfLost(long offset, long length, boolean stored) {
    Optional<String> reason = FailureReason.ofLostPage(status.block(), offset, length, stored);
    if (reason.isEmpty()) {
      return false;
    }
    LOG.debug("memory backend '{}': {}", status.block().spec().id(), reason.get());
    fail(new InternalError(reason.get()));
    return true;
  }

  /**
   * Marks the region failed.
   *
   * @param failed the block that failed; null for the present one
   * @param kind by what that was found
   * @param reason why, without the backend prefix that the log line already has
   * @return false if another block has replaced it; then nothing is marked
   */
  @SuppressWarnings("ReferenceEquality") // a block is itself
  private boolean failIn(@Nullable RamBlock failed, FailureKind kind, String reason) {
    RamBlockSpec spec;
    exchange.lock();
    try {
      Region.Status now = status;
      spec = now.block().spec();
      if (failed != null && failed != now.block()) {
        return false;
      }
      if (now.state() == RegionState.FAILED) {
        return true;
      }
      failure = kind;
      status = new Region.Status(now.block(), RegionState.FAILED, now.allocator(), reason);
    } finally {
      exchange.unlock();
    }
    LOG.error("memory backend '{}' on {} has failed: {}", spec.id(), spec.backing(), reason);
    changed.run();
    return true;
  }

  /** Returns what was counted. */
  ObjectCounters counters() {
    Region.Status now = status;
    return new ObjectCounters(
        now.block().spec().id().value(),
        now.block().segment().address(),
        now.block().spec().size(),
        now.state(),
        counts.persists(),
        counts.bytes(),
        counts.failed(),
        failure,
        counts.times());
  }

  /** Does what {@link Region#persist} promises, and counts it. */
  Granularity persist(long offset, long length) throws PersistException {
    int cell = counts.cell();
    boolean timed =
        status.block().durability().obtained() == Granularity.PAGE || counts.isTimed(cell);
    long begun = timed ? System.nanoTime() : 0;
    Granularity held;
    try {
      held = persistPresent(offset, length);
    } catch (PersistException e) {
      counts.addFailed();
      throw e;
    }
    counts.add(cell, held == Granularity.NONE ? 0 : length);
    if (timed) {
      counts.addTime(System.nanoTime() - begun);
    }
    return held;
  }

  private Granularity persistPresent(long offset, long length) throws PersistException {
    while (true) {
      Region.Status now = status;
      RamBlock block = now.block();
      if (now.state() == RegionState.FAILED && !isClosed()) {
        throw PersistException.ofFailed(block.spec(), offset, length, now.note());
      }
      try {
        block.persist(offset, length);
        return block.durability().obtained();
      } catch (RetiredBlockException e) {
        requireReplaced(block, e);
      } catch (PersistException e) {
        if (failIn(block, FailureKind.PERSIST, FailureReason.of(e, block.spec()))) {
          throw e;
        }
        // meanwhile another block replaced it, which has to be persisted
      }
    }
  }

  /**
   * Waits for the result of the exchange of {@code retired}, before anything else is persisted.
   *
   * @throws RetiredBlockException {@code e}, if there was no exchange: persisting that block again
   *     would be retried for ever
   */
  private void requireReplaced(RamBlock retired, RetiredBlockException e) {
    exchange.lock();
    try {
      if (status.block() == retired) {
        throw e;
      }
    } finally {
      exchange.unlock();
    }
  }
}
