package holdfast.start;

import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;

/**
 * Limits how long the end of the process waits for a start that is under way, so that what the
 * start creates can be removed. A start can hang in a file system for any time; then a folder is
 * left, which a later start removes.
 *
 * <p>Thread-safe.
 */
final class Settling {
  private final Duration idle;
  private final Duration making;
  private final CountDownLatch settled = new CountDownLatch(1);

  /**
   * Creates the limits for a start that is under way.
   *
   * @param idle how long to wait for a start that has created nothing so far: it is still looking
   *     for a place, or is just creating its folder
   * @param making how long to wait for a start that has created something
   */
  Settling(Duration idle, Duration making) {
    this.idle = idle;
    this.making = making;
  }

  /** Signals that nothing more is created that would have to be removed. */
  void settle() {
    settled.countDown();
  }

  /**
   * Waits for that signal within the limits.
   *
   * @param hasMade whether there is something to remove by now
   * @return whether the signal came
   */
  boolean await(BooleanSupplier hasMade) throws InterruptedException {
    return settled.await(idle.toMillis(), TimeUnit.MILLISECONDS)
        || hasMade.getAsBoolean()
            && settled.await(making.minus(idle).toMillis(), TimeUnit.MILLISECONDS);
  }
}
