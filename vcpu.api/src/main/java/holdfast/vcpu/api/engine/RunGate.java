package holdfast.vcpu.api.engine;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.osgi.annotation.versioning.ConsumerType;

/**
 * The gate between a vCPU's thread and the guest's code: who runs passes it, and who pauses,
 * interrupts or changes something under the guest keeps it shut, and has whoever is inside leave.
 *
 * <p>Thread-safe. A run loop is: {@link #enter}, run the guest, {@link #leave}, and once more where
 * the guest left for no reason but a kick and {@link #takeInterrupt} is false.
 */
public final class RunGate {
  /** How long a kicked guest is given before it is kicked again: a kick may come too early. */
  private static final long AGAIN_NANOS = TimeUnit.MILLISECONDS.toNanos(1);

  /** The guest's code, as the engine starts and stops it. Both are called under the gate's lock. */
  @ConsumerType
  public interface Guest {

    /** Takes earlier kicks back; called by the thread that enters. Must not block. */
    void admit();

    /**
     * Makes the thread that has entered leave the guest's code soon; called by another one while
     * one is inside, again and again until it has left. Must not block, and must not throw.
     */
    void kick();

    /**
     * Gives up the answer that was still to come, since the guest is to go on without: called by
     * the thread that enters where {@link #leave(boolean)} held. Must not block.
     */
    default void abandon() {}
  }

  private final Guest guest;
  private final ReentrantLock lock = new ReentrantLock();
  private final Condition changed = lock.newCondition();

  /** Whether a thread is in the guest's code. */
  private boolean inside;

  /** Whether the guest is within an instruction, whose answer is still to come. */
  private boolean held;

  /** How many are storing on behalf of the guest. */
  private int storing;

  /** Whether a pause has begun; it is reached when nobody is in any more. */
  private boolean paused;

  /** Whether the pause that has begun is reached. */
  private boolean reached;

  /** How many are at work that the guest must be outside for. */
  private int shut;

  /** Who is at work that the end waits for, once for each work. */
  private final List<Thread> working = new ArrayList<>();

  /** Set under the lock. */
  private volatile boolean interrupted;

  /** Whether who is inside was kicked for {@link #interrupt}. */
  private boolean kicked;

  /** When {@link #interrupt} last did something. */
  private volatile long interruptedAt = System.nanoTime() - AGAIN_NANOS;

  private boolean closed;

  /** Makes an open gate. */
  public RunGate(Guest guest) {
    this.guest = guest;
  }

  /**
   * Lets the calling thread in, when nobody keeps the gate shut. What was held is released: an
   * answer that did not come does not come.
   *
   * @return false if it may not enter, since it was interrupted by {@link #interrupt}, which is
   *     taken, or by {@link Thread#interrupt}, which stays
   * @throws IllegalStateException if the gate is closed, or somebody is inside
   */
  public boolean enter() {
    return enter(false);
  }

  /**
   * Lets the calling thread in as {@link #enter} does, for a run that has entered and left before.
   *
   * @return false also if the gate was closed meanwhile
   * @throws IllegalStateException if somebody is inside
   */
  public boolean reenter() {
    return enter(true);
  }

  private boolean enter(boolean again) {
    lock.lock();
    try {
      if (inside) {
        throw new IllegalStateException("another thread runs this vCPU");
      }
      if (!again) {
        requireOpen();
      }
      if (held) {
        guest.abandon(); // before a pause can be reached without the answer
        held = false;
      }
      changed.signalAll();
      while (true) {
        if (closed || interrupted || Thread.currentThread().isInterrupted()) {
          interrupted = false;
          return false;
        }
        if (!paused && shut == 0) {
          break;
        }
        try {
          changed.await();
        } catch (InterruptedException e) {
          Thread.currentThread().interrupt();
        }
        if (inside) {
          throw new IllegalStateException("another thread runs this vCPU");
        }
      }
      inside = true;
      kicked = false;
      guest.admit();
      return true;
    } finally {
      lock.unlock();
    }
  }

  private void requireOpen() {
    if (closed) {
      throw new IllegalStateException("the vCPU is closed");
    }
  }

  /** Returns whether it is closed, or is being closed. */
  public boolean isClosed() {
    lock.lock();
    try {
      return closed;
    } finally {
      lock.unlock();
    }
  }

  /** Lets the calling thread out, which has entered. */
  public void leave() {
    leave(false);
  }

  /**
   * Lets the calling thread out, which has entered.
   *
   * @param holding whether the guest is within an instruction until {@link #release} or the next
   *     {@link #enter}
   */
  public void leave(boolean holding) {
    lock.lock();
    try {
      inside = false;
      held = holding && !closed;
      changed.signalAll();
    } finally {
      lock.unlock();
    }
  }

  /** Ends what {@link #leave(boolean)} held, if it is held. */
  public void release() {
    lock.lock();
    try {
      held = false;
      changed.signalAll();
    } finally {
      lock.unlock();
    }
  }

  /**
   * Has the thread inside leave, and keeps the next one from entering once. Who is inside is kicked
   * at most once in a millisecond for it, however many call: a kick may be a signal, and signals
   * queue.
   */
  public void interrupt() {
    if (interrupted && isRecent()) {
      return; // one with the earlier call, which nobody has taken yet
    }
    lock.lock();
    try {
      if (!interrupted) {
        interrupted = true;
        changed.signalAll();
      }
      if (!kicked || !isRecent()) {
        kicked = inside;
        kick();
      }
      interruptedAt = System.nanoTime();
    } finally {
      lock.unlock();
    }
  }

  private boolean isRecent() {
    return System.nanoTime() - interruptedAt < AGAIN_NANOS;
  }

  /** Returns whether {@link #interrupt} was called since it was last taken, and takes it. */
  public boolean takeInterrupt() {
    lock.lock();
    try {
      boolean was = interrupted;
      interrupted = false;
      return was;
    } finally {
      lock.unlock();
    }
  }

  /**
   * Shuts the gate until {@link #resume}, and waits until nobody is in it.
   *
   * @return false if somebody still was when the limit had passed; then it is open again
   * @throws InterruptedException if the calling thread was interrupted; then it is open again
   * @throws IllegalStateException if it is paused already
   */
  public boolean pause(Duration limit) throws InterruptedException {
    lock.lock();
    try {
      if (paused) {
        throw new IllegalStateException("it is paused already");
      }
      paused = true;
      try {
        reached = awaitOutside(limit.toNanos());
        return reached;
      } finally {
        if (!reached) {
          open();
        }
      }
    } finally {
      lock.unlock();
    }
  }

  /**
   * Opens the gate after {@link #pause} returned true, once for each time that it did. Does nothing
   * if no pause is reached: one that is still under way is somebody else's.
   */
  public void resume() {
    lock.lock();
    try {
      if (reached) {
        open();
      }
    } finally {
      lock.unlock();
    }
  }

  private void open() {
    paused = false;
    reached = false;
    changed.signalAll();
  }

  /** Waits until nobody is in, and kicks who is. */
  private boolean awaitOutside(long nanos) throws InterruptedException {
    long left = nanos;
    while (inside || held || storing > 0) {
      if (left <= 0) {
        return false;
      }
      kick();
      long slice = Math.min(left, AGAIN_NANOS);
      left -= slice - changed.awaitNanos(slice);
    }
    return true;
  }

  private void kick() {
    if (inside) {
      guest.kick();
    }
  }

  /**
   * Runs {@code stores} while the gate is not shut, and keeps it from being shut meanwhile. Within
   * an instruction that is held it does not wait for a pause that waits for the end of that.
   *
   * @throws IllegalStateException if the gate is closed, or is while this waits; then nothing was
   *     stored
   */
  public void store(Runnable stores) {
    if (!storeUnlessClosed(stores)) {
      throw new IllegalStateException("the vCPU is closed, and its devices store no more");
    }
  }

  /** Runs {@code stores} as {@link #store} does; returns false if the gate is closed instead. */
  public boolean storeUnlessClosed(Runnable stores) {
    lock.lock();
    try {
      while (paused && !held && !closed) {
        changed.awaitUninterruptibly();
      }
      if (closed) {
        return false;
      }
      storing++;
      working.add(Thread.currentThread());
    } finally {
      lock.unlock();
    }
    try {
      stores.run();
      return true;
    } finally {
      lock.lock();
      try {
        storing--;
        done();
      } finally {
        lock.unlock();
      }
    }
  }

  /** Ends the last work of the calling thread. */
  private void done() {
    working.remove(working.lastIndexOf(Thread.currentThread()));
    changed.signalAll();
  }

  /**
   * Runs {@code work}, which uses what the engine holds for the vCPU and shuts nothing; the end
   * waits for it.
   *
   * @return false if the gate is closed; then the work was not done
   */
  public boolean unlessClosed(Runnable work) {
    lock.lock();
    try {
      if (closed) {
        return false;
      }
      working.add(Thread.currentThread());
    } finally {
      lock.unlock();
    }
    try {
      work.run();
      return true;
    } finally {
      lock.lock();
      try {
        done();
      } finally {
        lock.unlock();
      }
    }
  }

  /**
   * Runs {@code change} while no thread is in the guest's code: what an engine can't do under a
   * running guest. It may be within a pause, and several may be at the same time; a thread that is
   * inside itself must not call it. What is held, and stores of devices, are not waited for. Behind
   * a closed gate the change is made, too; the end waits for one that began before.
   *
   * @param limit how long the guest may take to leave
   * @return false if the guest did not leave in time; then the change was not made
   */
  public boolean outside(Duration limit, Runnable change) {
    return outside(limit, change, true);
  }

  /**
   * Runs {@code change} as {@link #outside} does, which uses what the engine holds for the vCPU.
   *
   * @throws IllegalStateException if the gate is closed, or is while this waits; then the change
   *     was not made
   */
  public boolean outsideWhileOpen(Duration limit, Runnable change) {
    return outside(limit, change, false);
  }

  private boolean outside(Duration limit, Runnable change, boolean alsoClosed) {
    lock.lock();
    try {
      boolean left;
      shut++;
      try {
        left = awaitLeft(limit.toNanos());
        if (!alsoClosed) {
          requireOpen();
        }
      } catch (IllegalStateException e) {
        shut--;
        throw e;
      }
      if (!left) {
        shut--;
        changed.signalAll();
        return false;
      }
      working.add(Thread.currentThread());
    } finally {
      lock.unlock();
    }
    try {
      change.run();
      return true;
    } finally {
      lock.lock();
      try {
        shut--;
        done();
      } finally {
        lock.unlock();
      }
    }
  }

  /** Like {@link #awaitOutside} of the guest's code alone; an interrupt is kept for later. */
  private boolean awaitLeft(long nanos) {
    boolean wasInterrupted = false;
    try {
      long left = nanos;
      while (inside) {
        if (left <= 0) {
          return false;
        }
        kick();
        long slice = Math.min(left, AGAIN_NANOS);
        try {
          left -= slice - changed.awaitNanos(slice);
        } catch (InterruptedException e) {
          wasInterrupted = true;
        }
      }
      return true;
    } finally {
      if (wasInterrupted) {
        Thread.currentThread().interrupt();
      }
    }
  }

  /**
   * Closes the gate for good: who waits at it gets an exception, and what is held is released. Who
   * is inside leaves, as if interrupted, and is waited for; so is what is under way of {@link
   * #store}, {@link #unlessClosed} and {@link #outside}, but for what the calling thread itself is
   * within. A pause is not waited for: nothing runs in one, and {@link #resume} may come later.
   *
   * @return false if it was closed already, or is being closed
   */
  public boolean close() {
    lock.lock();
    try {
      if (closed) {
        return false;
      }
      closed = true;
      interrupted = true;
      held = false;
      changed.signalAll();
      awaitLeft(Long.MAX_VALUE);
      Thread self = Thread.currentThread();
      while (working.stream().anyMatch(it -> it != self)) {
        changed.awaitUninterruptibly();
      }
      return true;
    } finally {
      lock.unlock();
    }
  }
}
