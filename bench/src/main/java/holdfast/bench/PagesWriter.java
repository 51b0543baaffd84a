package holdfast.bench;

import holdfast.machine.api.GuestWriter;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.time.Duration;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/**
 * A guest that dirties so many pages a second, anywhere in a region, and that can be paused. It
 * knows for how long it stood still.
 */
final class PagesWriter implements GuestWriter, AutoCloseable {
  private static final long PAGE = 4096;
  private static final long TICK = TimeUnit.MILLISECONDS.toNanos(1);

  private final MemorySegment memory;
  private final long pagesPerTick;
  private final boolean makesUp;
  private final Thread thread;
  private boolean wanted;
  private boolean paused;
  private boolean ended;

  /** From the last store before a pause to the end of the first after it, in nanoseconds. */
  private volatile long stoodStill;

  private volatile long stored;

  PagesWriter(MemorySegment memory, long pagesPerSecond) {
    this(memory, pagesPerSecond, true);
  }

  /**
   * @param makesUp whether what it missed, since it had no processor, is made up for later
   */
  PagesWriter(MemorySegment memory, long pagesPerSecond, boolean makesUp) {
    this.memory = memory;
    this.makesUp = makesUp;
    this.pagesPerTick = pagesPerSecond / 1000;
    this.thread = Thread.ofPlatform().daemon().name("guest").start(this::write);
  }

  private void write() {
    SplittableRandom random = new SplittableRandom(1);
    long pages = memory.byteSize() / PAGE;
    long next = System.nanoTime();
    long lastStore = next;
    boolean wasPaused = false;
    while (true) {
      synchronized (this) {
        if (ended) {
          return;
        }
        if (wanted) {
          paused = true;
          notifyAll();
          while (wanted && !ended) {
            waitQuietly();
          }
          if (ended) {
            return;
          }
          paused = false;
          wasPaused = true;
          next = System.nanoTime(); // what was missed is not made up for
        }
      }
      for (long i = 0; i < pagesPerTick; i++) {
        memory.set(ValueLayout.JAVA_LONG, random.nextLong(pages) * PAGE, random.nextLong());
        if (wasPaused) {
          wasPaused = false;
          stoodStill = System.nanoTime() - lastStore;
        }
      }
      stored += pagesPerTick;
      lastStore = System.nanoTime();
      next += TICK;
      long left = next - System.nanoTime();
      if (left > 0) {
        LockSupport.parkNanos(left);
      } else if (!makesUp) {
        next -= left;
      }
    }
  }

  private void waitQuietly() {
    try {
      wait();
    } catch (InterruptedException e) {
      throw new IllegalStateException("nobody interrupts a guest", e);
    }
  }

  /** For how long it stood still in the last pause. */
  Duration stoodStill() {
    return Duration.ofNanos(stoodStill);
  }

  /** How many pages were stored into. */
  long stored() {
    return stored;
  }

  @Override
  public String name() {
    return "guest";
  }

  @Override
  public synchronized boolean pause(Duration limit) throws InterruptedException {
    wanted = true;
    LockSupport.unpark(thread);
    long end = System.nanoTime() + limit.toNanos();
    while (!paused) {
      long left = TimeUnit.NANOSECONDS.toMillis(end - System.nanoTime());
      if (left <= 0) {
        wanted = false;
        notifyAll();
        return false;
      }
      wait(left);
    }
    return true;
  }

  @Override
  public synchronized void resume() {
    wanted = false;
    notifyAll();
  }

  @Override
  public void close() throws InterruptedException {
    synchronized (this) {
      ended = true;
      notifyAll();
    }
    thread.join();
  }
}
