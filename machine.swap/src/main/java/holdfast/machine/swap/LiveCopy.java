package holdfast.machine.swap;

import holdfast.backend.api.CopyTarget;
import holdfast.backend.api.RamBlock;
import holdfast.backend.api.RamBlockException;
import holdfast.machine.api.SwapPhase;
import holdfast.machine.copy.DirtyRanges;
import holdfast.machine.copy.DirtySource;
import holdfast.machine.copy.GivenUpException;
import holdfast.machine.copy.PageCopy;
import holdfast.machine.copy.PauseRehearsal;
import holdfast.machine.copy.PreCopyLoop;
import holdfast.machine.core.Region;
import java.io.IOException;
import java.time.Duration;
import java.util.Optional;

/**
 * Copies a region to its new block: while writers run as long as pages can be tracked, and the rest
 * in their pause. Used by one thread.
 */
final class LiveCopy {
  private final SwapOrder order;
  private final Region region;
  private final RamBlock next;
  private final CopyTarget target;
  private final PageCopy pages;

  /** The ranges that were copied since all pages were compared. */
  private final DirtyRanges unverified = new DirtyRanges();

  private boolean begun;

  /**
   * @param next the block to copy to
   */
  LiveCopy(SwapOrder order, RamBlock next) {
    this.order = order;
    this.region = order.region();
    this.next = next;
    this.target = next.expectCopy();
    this.pages =
        new PageCopy(
            region.segment(),
            next.segment(),
            target,
            order.limits(),
            order.cancellation(),
            order.progress()::copied);
  }

  /** Returns whether the new block may have been written into. */
  boolean hasBegun() {
    return begun;
  }

  /** Copies while writers run, until little is left, then makes the switch. */
  void run(Switchover switchover)
      throws RamBlockException, IOException, GivenUpException, InterruptedException {
    try (target) {
      PauseRehearsal.once(region);
      copyAndSwitch(switchover);
    }
  }

  private void copyAndSwitch(Switchover switchover)
      throws RamBlockException, IOException, GivenUpException, InterruptedException {
    Optional<DirtySource> tracking =
        order
            .cancellation()
            .during(
                () ->
                    DirtySource.open(
                        region, region.status().block(), order.writers(), order.limits().pause()));
    try {
      DirtyRanges pending = new DirtyRanges();
      pending.add(0, region.size().bytes());
      if (tracking.isPresent()) {
        pending = copyInRounds(switchover, tracking.get(), pending);
      } else {
        requireWithinDowntime();
        switchover.prepare();
      }
      switchover.make(this, tracking, pending);
    } finally {
      tracking.ifPresent(DirtySource::close);
    }
  }

  private DirtyRanges copyInRounds(Switchover switchover, DirtySource tracking, DirtyRanges all)
      throws RamBlockException, IOException, GivenUpException, InterruptedException {
    PreCopyLoop<DirtyRanges> loop = new PreCopyLoop<>(order.limits(), new Rounds(tracking));
    DirtyRanges pending = rounds(loop, all);
    if (order.limits().verify()) {
      verifyAll(tracking, pending);
      pending = rounds(loop, pending); // that took a while, during which writers kept storing
    }
    switchover.prepare();
    collect(tracking, pending);
    return rounds(loop, pending); // what was prepared took a while, too
  }

  private DirtyRanges rounds(PreCopyLoop<DirtyRanges> loop, DirtyRanges pending)
      throws RamBlockException, IOException, GivenUpException, InterruptedException {
    order.progress().enter(SwapPhase.COPY);
    return loop.run(pending);
  }

  /** Checks that copying everything during the pause stays within the downtime limit. */
  private void requireWithinDowntime() throws GivenUpException {
    Duration time = order.target().plan().time();
    if (time.compareTo(order.limits().downtime()) > 0 && !order.writers().areNone()) {
      throw new GivenUpException(DirtySource.tooLong(time, order.limits()));
    }
  }

  /** Adds the ranges that were stored into since the last call. */
  void collect(DirtySource tracking, DirtyRanges into)
      throws RamBlockException, IOException, GivenUpException, InterruptedException {
    order
        .cancellation()
        .during(
            () -> {
              tracking.collect(into);
              return true;
            });
  }

  /** The work of a round of copying in this swap. */
  private final class Rounds implements PreCopyLoop.Work<DirtyRanges> {
    private final DirtySource tracking;

    Rounds(DirtySource tracking) {
      this.tracking = tracking;
    }

    @Override
    public void begin(int round) throws IOException {
      order.before(round == 1 ? Step.FIRST_ROUND : Step.LATER_ROUND);
    }

    @Override
    public long copy(DirtyRanges ranges) throws GivenUpException {
      begun = true;
      long time = pages.copyThrottled(ranges, this::writeBack);
      unverified.addAll(ranges);
      return time;
    }

    private void writeBack(long offset, long length) throws GivenUpException {
      try {
        next.startWriteBack(offset, length);
      } catch (RamBlockException e) {
        throw new GivenUpException("" + e.getMessage());
      }
    }

    @Override
    public long persist() throws RamBlockException {
      long before = System.nanoTime();
      next.persist(0, region.size().bytes());
      return System.nanoTime() - before;
    }

    @Override
    public DirtyRanges collect()
        throws RamBlockException, IOException, GivenUpException, InterruptedException {
      DirtyRanges found = new DirtyRanges();
      LiveCopy.this.collect(tracking, found);
      return found;
    }

    @Override
    public void end(PreCopyLoop.Round ended) {
      order.progress().endRound(ended);
    }
  }

  /**
   * Compares every page, while writers run: pages that differ must be among those that are dirty.
   *
   * @param pending the ranges known to be dirty; those found dirty meanwhile are added
   */
  private void verifyAll(DirtySource tracking, DirtyRanges pending)
      throws RamBlockException, IOException, GivenUpException, InterruptedException {
    order.progress().enter(SwapPhase.VERIFY);
    order.before(Step.VERIFY);
    DirtyRanges different = pages.differencesUnlessCancelled();
    unverified.clear();
    collect(tracking, pending);
    different.forEach(
        (offset, length) -> {
          if (!pending.holds(offset, length)) {
            throw new GivenUpException(
                "verification found "
                    + length
                    + " bytes at offset "
                    + offset
                    + " that differ from what was copied");
          }
        });
  }

  /** Copies the last pages, and persists the new block, while writers are paused. */
  void copyRest(DirtyRanges pending) throws RamBlockException, IOException, GivenUpException {
    order.before(Step.LAST_COPY);
    begun = true;
    pages.copy(pending);
    if (order.limits().verify()) {
      unverified.addAll(pending);
      DirtyRanges different = pages.differences(unverified);
      if (different.bytes() > 0) {
        throw new GivenUpException(
            "verification found " + different.bytes() + " bytes that differ after the last copy");
      }
    }
    order.before(Step.PERSIST);
    next.persist(0, region.size().bytes());
  }

  /**
   * Diagnoses a fault in memory during a copy or comparison: if the memory is the region's own, the
   * region has failed. The error may be late, and about the preceding copy.
   *
   * @return the reason, as half a sentence
   */
  String diagnose(InternalError fault) {
    long from = pages.suspectsFrom();
    long length = pages.suspects();
    try {
      if (region.failIfLost(from, length, false)) {
        return "its own memory can't be read any more: " + region.status().note();
      }
      return next.lostPage(from, length, true)
          .map(lost -> "the new backing can't hold it: " + lost)
          .orElse("memory of somebody else failed: " + fault);
    } catch (RuntimeException closed) {
      return "its memory is gone: " + closed.getMessage();
    }
  }
}
