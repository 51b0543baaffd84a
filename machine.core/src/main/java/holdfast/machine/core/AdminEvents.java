package holdfast.machine.core;

import holdfast.machine.admin.AdminEvent;
import holdfast.machine.admin.AdminListener;
import holdfast.machine.admin.MachineAdmin.Subscription;
import holdfast.machine.core.internal.Listeners;
import java.time.Instant;
import java.util.List;

/**
 * Numbers the events of an operator's service and gives them to its listeners. Nobody who publishes
 * an event waits for a listener; those of one that hangs are kept for it. What the log is told of
 * migrations is told here, since all programs pass by.
 *
 * <p>Thread-safe.
 */
public final class AdminEvents {
  private final Listeners<AdminListener> listeners =
      new Listeners<>("the machine's events", Listeners.LIMIT);
  private final MigrationLog log = new MigrationLog();
  private long last;

  /** Publishes an event: every listener of this moment receives it. */
  public synchronized void publish(AdminEvent.Change change) {
    AdminEvent event = new AdminEvent(++last, Instant.now(), change);
    log.write(change);
    listeners.dispatch(
        "event " + event.number() + " (" + change.getClass().getSimpleName() + ")",
        listener -> listener.event(event));
  }

  /** Returns the number of the latest event; 0 before the first. */
  public synchronized long last() {
    return last;
  }

  /** Registers a listener for all later events. */
  public Subscription subscribe(AdminListener listener) {
    AdminListener subscriber = listener::event; // one listener can be subscribed more than once
    listeners.add(subscriber, List.of());
    return () -> listeners.remove(subscriber);
  }

  /** Gives the listeners what was published, and no more after that. */
  public synchronized void close() {
    listeners.close();
  }
}
