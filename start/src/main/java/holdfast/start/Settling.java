package holdfast.start;

import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;

/**
 * How long the end of the process waits for a start that is under way, so that what that makes can
 * be taken away. A start can hang in a file system for as long as that likes; then what is left is
 * a folder, which a later start sweeps away.
 *
 * <p>Safe for use by several threads.
 */
final class Settling {
  private final Duration idle;
  private final Duration making;
  private final CountDownLatch settled = new CountDownLatch(1);

  /**
   * Makes one of a start that is under way.
   *
   * @param idle how long is waited for a start that has made nothing so far: it looks around, or
   *     makes its folder just now
   * @param making how long is waited for one that has made something
   */
  Settling(Duration idle, Duration making) {
    this.idle = idle;
    this.making = making;
  }

  /** Tells that nothing is made any more that would have to be taken away. */
  void settle() {
    settled.countDown();
  }

  /**
   * Waits for that within the limits.
   *
   * @param hasMade whether there is something to take away by now
   * @return whether it came
   */
  boolean await(BooleanSupplier hasMade) throws InterruptedException {
    return settled.await(idle.toMillis(), TimeUnit.MILLISECONDS)
        || hasMade.getAsBoolean()
            && settled.await(making.minus(idle).toMillis(), TimeUnit.MILLISECONDS);
  }
}
