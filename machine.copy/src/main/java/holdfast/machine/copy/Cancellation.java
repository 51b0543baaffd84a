package holdfast.machine.copy;

import holdfast.backend.api.RamBlockException;
import java.io.IOException;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.osgi.annotation.versioning.ConsumerType;

/**
 * Lets any thread cancel the work of one thread, which notices it at the next check, or at once
 * where it waits. Thread-safe.
 */
public final class Cancellation {
  private final CountDownLatch cancelled = new CountDownLatch(1);
  private volatile String reason = "";

  /** The working thread while it waits for writers. Guarded by this. */
  private @Nullable Thread waiting;

  /** A call that waits for the code of writers. */
  @ConsumerType
  public interface Wait<T extends @Nullable Object> {
    T end() throws RamBlockException, IOException, GivenUpException, InterruptedException;
  }

  /**
   * Cancels the work.
   *
   * @param why half a sentence; ignored if it has been cancelled before
   */
  public synchronized void cancel(String why) {
    if (!isCancelled()) {
      reason = why;
      cancelled.countDown();
    }
    if (waiting != null) {
      waiting.interrupt();
    }
  }

  private boolean isCancelled() {
    return cancelled.getCount() == 0;
  }

  /**
   * Checks that the work is still wanted.
   *
   * @throws GivenUpException if it has been cancelled
   */
  public void throwIfCancelled() throws GivenUpException {
    if (isCancelled()) {
      throw new GivenUpException(reason);
    }
  }

  /**
   * Waits for a time, or until the work is cancelled.
   *
   * @throws GivenUpException if the thread was interrupted
   */
  void await(long nanos) throws GivenUpException {
    try {
      cancelled.await(nanos, TimeUnit.NANOSECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new GivenUpException("it was interrupted");
    }
  }

  /**
   * Waits for the code of writers, which a cancel interrupts.
   *
   * @throws GivenUpException if the work has been cancelled
   * @throws InterruptedException if the thread was interrupted otherwise
   */
  public <T extends @Nullable Object> T during(Wait<T> wait)
      throws RamBlockException, IOException, GivenUpException, InterruptedException {
    synchronized (this) {
      throwIfCancelled();
      waiting = Thread.currentThread();
    }
    try {
      return wait.end();
    } catch (InterruptedException e) {
      throwIfCancelled();
      throw e;
    } finally {
      synchronized (this) {
        waiting = null;
        if (isCancelled()) {
          Thread.interrupted(); // the interrupt was for the wait, and must not disturb what follows
        }
      }
    }
  }
}
