package holdfast.launcher.internal.swap;

import holdfast.backend.api.BackendId;
import holdfast.backend.api.ByteSize;
import holdfast.launcher.internal.region.Region;
import holdfast.launcher.internal.report.SwapScreen;
import holdfast.machine.api.SwapPhase;
import holdfast.machine.api.SwapPlan;
import holdfast.machine.api.SwapReport;
import java.time.Duration;
import java.time.Instant;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** How far a swap is: written by its thread, read by any. */
final class Progress implements GuestWriters.Told {
  private static final Logger LOG = LoggerFactory.getLogger(Progress.class);

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

  /** Of a swap that begins. */
  Progress(int number, Region region, SwapPlan plan, Duration downtime, Instant started) {
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
      case DONE -> LOG.info("{}", SwapScreen.line(report()));
      case PREPARE ->
          LOG.info(
              "swap {} of '{}' from {} to {}: {}", number, region, plan.from(), plan.to(), next);
      default -> LOG.info("swap {} of '{}': {}", number, region, next);
    }
  }

  /** More bytes were copied. */
  synchronized void copied(long bytes) {
    copied += bytes;
  }

  /** The number of the last round of copying; 0 before its end. */
  synchronized int round() {
    return round;
  }

  /** Bytes a second that were copied in the last round. */
  synchronized long copyRate() {
    return copyRate;
  }

  /**
   * A round of copying is over.
   *
   * @param foundDirty bytes that were found dirty after it
   * @param dirtied bytes a second that were dirtied during it
   * @param speed bytes a second that were copied in it
   * @param pauseNow for how long writers would have to pause now
   */
  synchronized void endRound(
      int ended, long foundDirty, long dirtied, long speed, Duration pauseNow) {
    round = ended;
    dirty = foundDirty;
    dirtyRate = dirtied;
    copyRate = speed;
    expectedPause = pauseNow;
  }

  @Override
  public synchronized void paused(Duration time) {
    pause = time;
  }

  @Override
  public synchronized void failed(String sentence) {
    reason = reason.isEmpty() ? sentence : reason + "; " + sentence;
  }

  synchronized void rolledBack(String why) {
    phase = SwapPhase.ROLLED_BACK;
    whole = soFar();
    reason = reason.isEmpty() ? why : why + "; " + reason;
  }
}
