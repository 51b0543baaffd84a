package holdfast.machine.core;

import holdfast.machine.admin.AdminEvent;
import holdfast.machine.admin.AdminListener;
import holdfast.machine.admin.MachineAdmin.Subscription;
import java.time.Instant;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Numbers the events of an operator's service and gives them to its listeners. Nobody who publishes
 * an event waits for a listener.
 *
 * <p>Thread-safe.
 */
public final class AdminEvents {
  private static final Logger LOG = LoggerFactory.getLogger(AdminEvents.class);

  private final List<Subscriber> subscribers = new CopyOnWriteArrayList<>();
  private long last;

  /** A listener with the thread that is kept for it while it has events to receive. */
  private static final class Subscriber {
    private final AdminListener listener;
    private final ExecutorService thread;
    private volatile boolean closed;

    Subscriber(AdminListener listener) {
      this.listener = listener;
      ThreadPoolExecutor one =
          new ThreadPoolExecutor(
              1,
              1,
              1,
              TimeUnit.SECONDS,
              new LinkedBlockingQueue<>(),
              Thread.ofPlatform().daemon().name("holdfast-events").factory());
      one.allowCoreThreadTimeOut(true);
      this.thread = one;
    }

    void receive(AdminEvent event) {
      try {
        thread.execute(() -> call(event));
      } catch (RejectedExecutionException e) {
        LOG.debug("{} receives no more events", listener);
      }
    }

    private void call(AdminEvent event) {
      if (closed) {
        return;
      }
      try {
        listener.event(event);
      } catch (RuntimeException | LinkageError e) {
        LOG.warn("a listener of the machine's events failed and is kept: {}", listener, e);
      }
    }

    void close() {
      closed = true;
      thread.shutdown();
    }
  }

  /** Publishes an event: every listener of this moment receives it. */
  public synchronized void publish(AdminEvent.Change change) {
    AdminEvent event = new AdminEvent(++last, Instant.now(), change);
    subscribers.forEach(subscriber -> subscriber.receive(event));
  }

  /** Registers a listener for all later events. */
  public synchronized Subscription subscribe(AdminListener listener) {
    Subscriber subscriber = new Subscriber(listener);
    subscribers.add(subscriber);
    return () -> {
      subscribers.remove(subscriber);
      subscriber.close();
    };
  }

  /** Gives the listeners what was published, and no more after that. */
  public synchronized void close() {
    subscribers.forEach(subscriber -> subscriber.thread.shutdown());
    subscribers.clear();
  }
}
