package holdfast.machine.core.internal;

import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;

/** A change on its way to the {@link Listeners} to whom it was dispatched. Thread-safe. */
public interface Dispatch {

  /** Waits as {@link #await(Duration)} does, for as long as these listeners have for a change. */
  boolean await();

  /**
   * Waits until every listener has returned from this change, and from all changes that listeners
   * have dispatched from within it. Doesn't wait for a listener that is known to hang, and not at
   * all if one of these listeners is calling, since it could be waiting for itself. An interrupted
   * thread stops waiting, and stays interrupted.
   *
   * @param wait for how long, at most; if that is at least the limit of these listeners, those that
   *     have not returned by then are known to hang from now on
   * @return whether all have returned
   */
  boolean await(Duration wait);

  /** Returns whether every listener has returned from this change. */
  boolean isDone();

  /**
   * Returns a future that is completed, never exceptionally, when every listener has returned from
   * this change: in the thread of the last one.
   */
  CompletableFuture<?> done();

  /** Returns the names of the listeners that have not returned from this change. */
  List<String> pending();
}
