package holdfast.bench;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/** Stores into page after page, in a thread of its own, and knows the longest time between two. */
final class GapWriter implements AutoCloseable {
  private static final long PAGE = 4096;

  private final MemorySegment memory;
  private final Thread thread;
  private volatile boolean ended;
  private volatile long longest;
  private volatile long last = System.nanoTime();

  GapWriter(MemorySegment memory) {
    this.memory = memory;
    this.thread = Thread.ofPlatform().daemon().name("writer").start(this::write);
  }

  private void write() {
    long pages = memory.byteSize() / PAGE;
    long page = 0;
    long before = System.nanoTime();
    while (!ended) {
      page = (page + 7919) % pages;
      memory.set(ValueLayout.JAVA_LONG, page * PAGE, page);
      long after = System.nanoTime();
      if (after - before > longest) {
        longest = after - before;
      }
      before = after;
      last = after;
    }
  }

  /** Forgets the longest time. */
  void forget() {
    longest = 0;
  }

  /** The longest time since {@link #forget}, in nanoseconds, when what is under way has ended. */
  long longest() {
    long from = System.nanoTime();
    while (last - from <= 0) {
      LockSupport.parkNanos(TimeUnit.MICROSECONDS.toNanos(50));
    }
    return longest;
  }

  @Override
  public void close() throws InterruptedException {
    ended = true;
    thread.join();
  }
}
