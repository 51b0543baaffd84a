package holdfast.machine.swap;

import holdfast.backend.api.RamBlock;
import holdfast.backend.api.RamBlockException;
import holdfast.machine.api.RegionState;
import holdfast.machine.api.SwapPhase;
import holdfast.machine.copy.DirtyRanges;
import holdfast.machine.copy.DirtySource;
import holdfast.machine.copy.GivenUpException;
import holdfast.machine.copy.GuestWriters;
import holdfast.machine.core.Region;
import holdfast.machine.swap.internal.journal.FilePlace;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The switch of a swap: while writers are paused, the rest is copied and the new block takes the
 * place of the old one. Used by one thread.
 */
final class Switchover {
  private static final Logger LOG = LoggerFactory.getLogger(Switchover.class);

  private final SwapOrder order;
  private final RamBlock next;

  /** The new file, if it is one that can be started from. */
  private final Optional<Path> named;

  private Valid valid = Valid.OLD;

  /** Which of the two blocks is in the window. */
  enum Valid {
    OLD,
    NEW
  }

  /**
   * @param next the block that takes the place
   */
  Switchover(SwapOrder order, RamBlock next) {
    this.order = order;
    this.next = next;
    this.named = SwapRequest.side(order.target().spec()).path();
  }

  /** Returns which block is in the window, whatever failed before or after the exchange. */
  Valid valid() {
    return valid;
  }

  /** Does the slow part of the journal's work ahead of the pause; more can be copied after it. */
  void prepare() throws IOException {
    order.journal().prepareSwitch();
  }

  /**
   * Makes the switch.
   *
   * @param copy copies the rest
   * @param tracking finds what was stored until the writers were paused, if anything does
   * @param pending the ranges known to be dirty
   */
  void make(LiveCopy copy, Optional<DirtySource> tracking, DirtyRanges pending)
      throws RamBlockException, IOException, GivenUpException, InterruptedException {
    order.cancellation().throwIfCancelled();
    order.progress().enter(SwapPhase.SWITCH);
    order.before(Step.PAUSE);
    try (GuestWriters.Pause pause = order.cancellation().during(this::pauseWriters)) {
      if (tracking.isPresent()) {
        tracking.get().requireAllSeen();
        copy.collect(tracking.get(), pending);
      }
      order.cancellation().throwIfCancelled();
      copy.copyRest(pending);
      requireHealthy();
      pause.withWritersStopped(this::install);
    } finally {
      order.lease().releaseReplaced(); // nobody has to wait for that
    }
  }

  private GuestWriters.Pause pauseWriters() throws GivenUpException, InterruptedException {
    return order.writers().pause(order.region(), order.limits().pause(), order.progress());
  }

  /** Checks, just before the new backing becomes the valid one, that the copy is complete. */
  private void requireHealthy() throws GivenUpException {
    order.region().checkWriteBack();
    Region.Status now = order.region().status();
    if (now.state() == RegionState.FAILED) {
      throw new GivenUpException("it has failed: " + now.note());
    }
    if (named.isPresent() && !FilePlace.of(named.get()).file().equals(next.file())) {
      throw new GivenUpException(
          named.get()
              + " is not the file any more that was made for it: it was deleted, renamed or replaced"
              + " meanwhile; see to it that nobody does, and swap again");
    }
  }

  /**
   * Makes the new backing the valid one by one change of one note, then installs it in the window.
   */
  @SuppressWarnings("ReferenceEquality") // a block is itself
  private void install() throws RamBlockException, IOException {
    order.before(Step.COMPLETE);
    order.journal().complete();
    RamBlock before = order.region().status().block();
    try {
      order.before(Step.INSTALL);
      order.lease().install(next, order.target().maker());
      valid = Valid.NEW;
    } catch (RamBlockException | IOException | RuntimeException | Error e) {
      if (order.region().status().block() != before) {
        valid = Valid.NEW; // the exchange was made; the error came after it
        LOG.error("memory backend '{}': after the exchange", order.region().id(), e);
        return;
      }
      order.journal().reopen();
      throw e;
    }
  }
}
