package holdfast.launcher.internal.machine;

import holdfast.machine.admin.AdminException;
import holdfast.machine.admin.BusyException;
import holdfast.machine.admin.MachineNotUpException;
import java.time.Duration;
import java.util.concurrent.Callable;
import java.util.concurrent.CancellationException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Future;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * A change that another thread makes, and its caller waits for. One that has not begun within the
 * limit never does, so that what its caller is told stays true; one that has begun gets as long
 * again.
 *
 * @param <T> what the change answers
 */
final class AwaitedChange<T> {
  private final Callable<T> change;
  private final Duration limit;

  /** Who sets it has decided whether the change begins. */
  private final AtomicBoolean decided = new AtomicBoolean();

  /**
   * @param change throws {@link AdminException}, and no other checked exception
   * @param limit how long it may wait for its begin, and how long it may take then
   */
  AwaitedChange(Callable<T> change, Duration limit) {
    this.change = change;
    this.limit = limit;
  }

  /**
   * Makes the change.
   *
   * @throws BusyException if it has not begun in time, or doesn't end; then it may still be done
   */
  T in(ExecutorService thread) throws AdminException {
    Future<T> made;
    try {
      made = thread.submit(this::begin);
    } catch (RejectedExecutionException e) {
      throw new MachineNotUpException(new MachineState.Ended().status());
    }
    try {
      return await(made);
    } catch (TimeoutException e) {
      throw new BusyException(
          "the machine is busy for more than "
              + limit.toSeconds()
              + " s: look at the log; what was asked for may still be done");
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new BusyException("the caller was interrupted; what was asked for may still be done");
    } catch (ExecutionException e) {
      switch (e.getCause()) {
        case AdminException refused -> throw refused;
        case RuntimeException failed -> throw failed;
        case Error failed -> throw failed;
        case null, default -> throw new IllegalStateException(e);
      }
    }
  }

  private T begin() throws Exception {
    if (!decided.compareAndSet(false, true)) {
      throw new CancellationException("nobody waits for it any longer");
    }
    return change.call();
  }

  private T await(Future<T> made)
      throws BusyException, InterruptedException, ExecutionException, TimeoutException {
    try {
      return made.get(limit.toNanos(), TimeUnit.NANOSECONDS);
    } catch (TimeoutException e) {
      if (decided.compareAndSet(false, true)) {
        throw new BusyException(
            "the machine is busy with something else for more than "
                + limit.toSeconds()
                + " s, and nothing was changed: look at the log, and try again");
      }
      return made.get(limit.toNanos(), TimeUnit.NANOSECONDS);
    }
  }
}
