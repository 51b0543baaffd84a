package holdfast.machine.swap;

import holdfast.backend.api.BackendId;
import holdfast.backend.api.ByteSize;
import holdfast.machine.admin.SwapWords;
import holdfast.machine.api.SwapPhase;
import holdfast.machine.api.SwapPlan;
import holdfast.machine.api.SwapReport;
import holdfast.machine.config.options.Excerpt;
import holdfast.machine.copy.GuestWriters;
import holdfast.machine.copy.PreCopyLoop;
import holdfast.machine.core.Region;
import java.time.Duration;
import java.time.Instant;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The progress of a swap: written by its thread, read by any thread. */
final class Progress implements GuestWriters.Outcome {
  private static final Logger LOG = LoggerFactory.getLogger(Progress.class);

  private final Consumer<SwapReport> changed;
  private final int number;
  private final BackendId region;
  private final ByteSize total;
  private final SwapPlan plan;
  private final Instant started;
  private final Duration downtime;
  private final long begun = System.nanoTime();
  private Duration whole = Duration.ZERO;
  private SwapPhase phase = SwapPhase.PLAN;
  private int round;
  private long copied;
  private long dirty;
  private long dirtyRate;
  private long copyRate;
  private Duration expectedPause = Duration.ZERO;
  private Duration pause = Duration.ZERO;
  private String reason = "";

  /**
   * Starts the progress of a new swap.
   *
   * @param changed called at each phase and round, with no lock held; must not block
   */
  Progress(
      int number,
      Region region,
      SwapPlan plan,
      Duration downtime,
      Instant started,
      Consumer<SwapReport> changed) {
    this.changed = changed;
    this.number = number;
    this.region = region.id();
    this.total = region.size();
    this.plan = plan;
    this.downtime = downtime;
    this.started = started;
  }

  synchronized SwapReport report() {
    return new SwapReport(
        number,
        region,
        plan.from(),
        plan.to(),
        started,
        phase.isEnd() ? whole : soFar(),
        phase,
        round,
        new ByteSize(copied),
        total,
        new ByteSize(dirty),
        new ByteSize(dirtyRate),
        new ByteSize(copyRate),
        expectedPause,
        pause,
        downtime,
        reason);
  }

  private Duration soFar() {
    return Duration.ofNanos(System.nanoTime() - begun);
  }

  void enter(SwapPhase next) {
    synchronized (this) {
      if (phase == next) {
        return;
      }
      phase = next;
      whole = soFar();
    }
    switch (next) {
      case DONE -> LOG.info("{}", Excerpt.onOneLine(SwapWords.line(report())));
      case PREPARE ->
          LOG.info(
              "swap {} of '{}' from {} to {}: {}", number, region, plan.from(), plan.to(), next);
      default -> LOG.info("swap {} of '{}': {}", number, region, next);
    }
    changed.accept(report());
  }

  /** Adds bytes that were copied. */
  synchronized void copied(long bytes) {
    copied += bytes;
  }

  /** Records the end of a round of copying. */
  void endRound(PreCopyLoop.Round ended) {
    synchronized (this) {
      round = ended.number();
      dirty = ended.dirty();
      dirtyRate = ended.dirtyRate();
      copyRate = ended.copyRate();
      expectedPause = ended.pause();
    }
    changed.accept(report());
  }

  @Override
  public synchronized void paused(Duration time) {
    pause = time;
  }

  @Override
  public synchronized void failed(String sentence) {
    reason = reason.isEmpty() ? sentence : reason + "; " + sentence;
  }

  void rolledBack(String why) {
    synchronized (this) {
      phase = SwapPhase.ROLLED_BACK;
      whole = soFar();
      reason = reason.isEmpty() ? why : why + "; " + reason;
    }
    changed.accept(report());
  }
}
