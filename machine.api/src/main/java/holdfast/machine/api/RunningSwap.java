package holdfast.machine.api;

import java.time.Duration;

/** A live swap that was started. Thread-safe. */
public interface RunningSwap {

  /** How far it is, or how it ended. */
  SwapReport report();

  /** Asks it to roll back. It does, unless the switch has begun; {@link #await} tells. */
  void cancel();

  /**
   * Waits for its end.
   *
   * @return the report then, or at the limit
   */
  SwapReport await(Duration limit) throws InterruptedException;
}
