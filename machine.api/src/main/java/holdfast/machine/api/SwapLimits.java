package holdfast.machine.api;

import holdfast.backend.api.ByteSize;
import java.time.Duration;

/**
 * The limits on the cost of a live swap, and when it gives up.
 *
 * @param downtime writers are paused only when copying the rest is expected to take no longer than
 *     this
 * @param bandwidth how many bytes a second may be copied before the pause; {@link ByteSize#ZERO}
 *     for no limit
 * @param rounds how many times dirty pages may be copied before the swap gives up because writers
 *     dirty them faster; 1 or more
 * @param pause how long the writers together may take to pause, and each of them for a call of its
 *     {@link DirtyLog}
 * @param verify whether every page is compared before the switch
 * @param overwrite whether a target that isn't empty may be overwritten
 */
public record SwapLimits(
    Duration downtime,
    ByteSize bandwidth,
    int rounds,
    Duration pause,
    boolean verify,
    boolean overwrite) {

  /** 20 ms, unthrottled, 30 rounds, 1 s to pause, no comparison, nothing overwritten. */
  public static final SwapLimits DEFAULT =
      new SwapLimits(Duration.ofMillis(20), ByteSize.ZERO, 30, Duration.ofSeconds(1), false, false);

  /**
   * @throws IllegalArgumentException if a duration is negative or {@code rounds} is below 1
   */
  public SwapLimits {
    if (downtime.isNegative() || pause.isNegative()) {
      throw new IllegalArgumentException("a limit of time can't be negative");
    }
    if (rounds < 1) {
      throw new IllegalArgumentException("rounds=" + rounds + ": write 1 or more");
    }
  }

  /** Returns a copy with another downtime. */
  public SwapLimits withDowntime(Duration other) {
    return new SwapLimits(other, bandwidth, rounds, pause, verify, overwrite);
  }

  /** Returns a copy with another bandwidth. */
  public SwapLimits withBandwidth(ByteSize other) {
    return new SwapLimits(downtime, other, rounds, pause, verify, overwrite);
  }

  /** Returns a copy with another number of rounds. */
  public SwapLimits withRounds(int other) {
    return new SwapLimits(downtime, bandwidth, other, pause, verify, overwrite);
  }

  /** Returns a copy with another limit on the time that writers take to pause. */
  public SwapLimits withPause(Duration other) {
    return new SwapLimits(downtime, bandwidth, rounds, other, verify, overwrite);
  }

  /** Returns a copy in which every page is compared, or not. */
  public SwapLimits withVerify(boolean on) {
    return new SwapLimits(downtime, bandwidth, rounds, pause, on, overwrite);
  }

  /** Returns a copy in which a target that isn't empty may be overwritten, or not. */
  public SwapLimits withOverwrite(boolean on) {
    return new SwapLimits(downtime, bandwidth, rounds, pause, verify, on);
  }
}
