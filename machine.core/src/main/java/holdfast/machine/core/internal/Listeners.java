package holdfast.machine.core.internal;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Those who observe one thing. They are somebody else's code, and can neither hang nor break what
 * they observe.
 *
 * <p><b>Thread.</b> Each listener has a thread of its own, which makes all its calls, one at a time
 * and in the order in which the changes were dispatched. It is a daemon, begins with the first call
 * and ends soon after the last. Among several listeners there is no order.
 *
 * <p><b>Limit.</b> Whoever dispatches a change can wait for the listeners, up to a limit. A
 * listener that passes it hangs: a warning says once which one it is and in which change, and
 * nobody waits for it again until it has caught up. The changes of that time are kept for it,
 * without a bound, and it gets them in order when it returns.
 *
 * <p><b>From within a call</b> a listener may do everything, also dispatch changes here, and add
 * and remove listeners, itself included. None of it waits for another listener. A change that it
 * dispatches comes after the present one, and whoever waits for the present one waits for both.
 *
 * <p>What a listener throws is logged, and it stays.
 *
 * @param <L> the type of the listeners; two are the same if they are the same object
 */
public final class Listeners<L> {
  /** The limit for all listeners together, unless a test needs another one. */
  public static final Duration LIMIT = Duration.ofSeconds(10);

  private static final Logger LOG = LoggerFactory.getLogger(Listeners.class);

  /** How long an idle thread stays. Changes often come in groups. */
  private static final long IDLE_SECONDS = 1;

  private final String subject;
  private final Duration limit;

  /** Guards the state of the lanes and of what was sent. No foreign code is called under it. */
  private final Object lock = new Object();

  private final List<Lane> lanes = new ArrayList<>();
  private boolean closed;

  /** The change that the thread, which is that of a lane, is calling its listener with. */
  private final ThreadLocal<@Nullable Sent> current = new ThreadLocal<>();

  /**
   * @param subject what is observed, for messages, such as {@code the guest memory}
   * @param limit for how long somebody waits for all listeners together
   */
  public Listeners(String subject, Duration limit) {
    this.subject = subject;
    this.limit = limit;
  }

  /**
   * A change as one listener is called with it.
   *
   * @param name what it is, for messages, such as {@code deviceAdded(nvdimm 'nv0')}
   */
  public record Change<L>(String name, Consumer<? super L> call) {}

  /**
   * Adds a listener.
   *
   * @param first what it is called with before it gets the changes that are dispatched from now on;
   *     the result is about these
   * @throws IllegalArgumentException if it was added before
   */
  public Dispatch add(L listener, List<Change<L>> first) {
    Sent sent = new Sent(current.get());
    synchronized (lock) {
      if (!closed) {
        Lane lane = lane(listener);
        if (lane.registration != null) {
          throw new IllegalArgumentException("this listener was added before: " + lane.name);
        }
        lane.registration = new Object();
        first.forEach(change -> lane.send(change, sent));
      }
    }
    return sent.begun();
  }

  /**
   * Removes a listener. It is not called again, and when this returns a call of it that was under
   * way has returned, unless it hangs or a listener removes it. Does nothing if it was not added.
   */
  public void remove(L listener) {
    Sent underWay = new Sent(null);
    synchronized (lock) {
      for (Lane lane : List.copyOf(lanes)) {
        if (lane.listener == listener && lane.registration != null) {
          lane.registration = null;
          if (lane.inside != null) {
            underWay.marks.add(new Mark(lane, lane.finished + 1));
          }
          lane.endIfUnused();
        }
      }
    }
    underWay.await();
  }

  /** Dispatches a change to all listeners, and doesn't wait for them. */
  public Dispatch dispatch(String name, Consumer<? super L> call) {
    return dispatch(new Change<>(name, call));
  }

  /** Dispatches a change to all listeners, and doesn't wait for them. */
  public Dispatch dispatch(Change<L> change) {
    Sent sent = new Sent(current.get());
    List<String> warnings = new ArrayList<>();
    synchronized (lock) {
      for (Lane lane : lanes) {
        if (lane.registration != null && !closed) {
          lane.send(change, sent);
          if (lane.inside != null && System.nanoTime() - lane.since > limit.toNanos()) {
            lane.hangs(warnings);
          }
        }
      }
    }
    warnings.forEach(LOG::warn);
    return sent.begun();
  }

  /**
   * Ends the threads as soon as each listener has returned from everything that was dispatched.
   * From now on no listener is called with anything else.
   */
  public void close() {
    synchronized (lock) {
      closed = true;
      lanes.forEach(lane -> lane.thread.shutdown()); // the calls in its queue are still made
    }
  }

  /** Returns the lane of a listener: a new one, or the one from which it was removed in a call. */
  private Lane lane(L listener) {
    for (Lane lane : lanes) {
      if (lane.listener == listener) {
        return lane;
      }
    }
    Lane lane = new Lane(listener);
    lanes.add(lane);
    return lane;
  }

  /** A listener, its thread, and the calls that are waiting for it. Guarded by {@link #lock}. */
  private final class Lane {
    final L listener;
    final String name;
    final ThreadPoolExecutor thread;

    /** Of one addition to one removal; its calls are made while it is the present one. */
    @Nullable Object registration;

    /** How many calls were ever sent here. */
    long sent;

    /** How many of them have returned, or were left out. */
    long finished;

    /** The name of the change in which the listener is, and since when. */
    @Nullable String inside;

    long since;

    /** Whether it hangs. */
    boolean hangs;

    Lane(L listener) {
      this.listener = listener;
      // Not its toString, which is foreign code.
      this.name =
          listener.getClass().getName()
              + "@"
              + Integer.toHexString(System.identityHashCode(listener));
      this.thread =
          new ThreadPoolExecutor(
              0,
              1,
              IDLE_SECONDS,
              TimeUnit.SECONDS,
              new LinkedBlockingQueue<>(),
              Thread.ofPlatform()
                  .daemon()
                  .inheritInheritableThreadLocals(false)
                  .name("holdfast listener " + name)
                  .factory());
    }

    boolean isIdle() {
      return finished == sent;
    }

    void send(Change<L> change, Sent to) {
      Object mine = registration;
      sent++;
      to.left++;
      to.marks.add(new Mark(this, sent));
      if (to.root != to) {
        to.root.followed.removeIf(Mark::isPast);
        to.root.followed.add(new Mark(this, sent));
      }
      try {
        thread.execute(() -> run(mine, change, to));
      } catch (OutOfMemoryError e) {
        // No thread could be made. The call is in the queue, and the next one tries again.
        LOG.warn("a listener of {} waits for a thread: {}", subject, name, e);
      }
    }

    private void run(@Nullable Object mine, Change<L> change, Sent to) {
      boolean wanted;
      synchronized (lock) {
        wanted = registration == mine;
        if (wanted) {
          inside = change.name();
          since = System.nanoTime();
        }
      }
      try {
        if (wanted) {
          current.set(to);
          change.call().accept(listener);
        }
      } catch (Throwable e) { // an Error of foreign code would end the thread
        LOG.warn("a listener of {} failed in {} and is kept: {}", subject, change.name(), name, e);
      } finally {
        current.remove();
        finish(to);
      }
    }

    private void finish(Sent to) {
      boolean returned;
      boolean last;
      synchronized (lock) {
        inside = null;
        finished++;
        returned = hangs && isIdle();
        hangs = hangs && !returned;
        last = --to.left == 0;
        endIfUnused();
        lock.notifyAll();
      }
      if (returned) {
        LOG.info("a listener of {} has returned, and missed no change: {}", subject, name);
      }
      if (last) {
        to.done.complete(null);
      }
    }

    /** Ends the thread, and forgets the listener, if nothing can be sent here any more. */
    void endIfUnused() {
      if (registration == null && isIdle()) {
        lanes.remove(this);
        thread.shutdown();
      }
    }

    /** Notes that the listener hangs, and what is to be said of that. */
    void hangs(List<String> warnings) {
      if (!hangs) {
        hangs = true;
        warnings.add(
            "a listener of "
                + subject
                + " has not returned from "
                + (inside == null ? "the changes before" : inside)
                + " within "
                + limit.toMillis()
                + " ms, and is not waited for until it has caught up: "
                + name);
      }
    }
  }

  /** A call of a listener, by its number. */
  private final class Mark {
    final Lane lane;
    final long number;

    Mark(Lane lane, long number) {
      this.lane = lane;
      this.number = number;
    }

    boolean isPast() {
      return lane.finished >= number;
    }
  }

  private final class Sent implements Dispatch {
    /** The change from within which, perhaps by way of others, this one was dispatched, or this. */
    final Sent root;

    final List<Mark> marks = new ArrayList<>();

    /** The calls of the changes whose root this is. */
    final List<Mark> followed = new ArrayList<>();

    final CompletableFuture<@Nullable Void> done = new CompletableFuture<>();

    /** How many calls of this change have not returned. */
    int left;

    Sent(@Nullable Sent cause) {
      this.root = cause == null ? this : cause.root;
    }

    Sent begun() {
      if (isDone()) {
        done.complete(null); // also where there is no listener
      }
      return this;
    }

    @Override
    public boolean await() {
      return await(limit);
    }

    @Override
    public boolean await(Duration wait) {
      if (current.get() != null) {
        return isDone();
      }
      long end = System.nanoTime() + wait.toNanos();
      List<String> warnings = new ArrayList<>();
      boolean all;
      synchronized (lock) {
        while (unfinished().anyMatch(mark -> !mark.lane.hangs)) {
          long nanos = end - System.nanoTime();
          if (nanos <= 0) {
            if (wait.compareTo(limit) >= 0) {
              unfinished().forEach(mark -> mark.lane.hangs(warnings));
            }
            break;
          }
          try {
            TimeUnit.NANOSECONDS.timedWait(lock, nanos);
          } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return false;
          }
        }
        all = unfinished().findAny().isEmpty();
      }
      warnings.forEach(LOG::warn);
      return all;
    }

    private Stream<Mark> unfinished() {
      return Stream.concat(marks.stream(), followed.stream()).filter(mark -> !mark.isPast());
    }

    @Override
    public boolean isDone() {
      synchronized (lock) {
        return left == 0;
      }
    }

    @Override
    public CompletableFuture<?> done() {
      return done.copy();
    }

    @Override
    public List<String> pending() {
      synchronized (lock) {
        return marks.stream()
            .filter(mark -> !mark.isPast())
            .map(mark -> mark.lane.name)
            .distinct()
            .toList();
      }
    }
  }
}
