package holdfast.machine.api;

import java.time.Duration;
import org.osgi.annotation.versioning.ProviderType;

/** A live swap that has been started. Thread-safe. */
@ProviderType
public interface RunningSwap {

  /** Returns the progress of the swap, or its outcome if it has ended. */
  SwapReport report();

  /**
   * Asks the swap to roll back. It does so unless the switch has begun; {@link #await} returns the
   * outcome.
   */
  void cancel();

  /**
   * Waits for the end of the swap.
   *
   * @return the report at its end, or at the limit if that comes first
   */
  SwapReport await(Duration limit) throws InterruptedException;
}
