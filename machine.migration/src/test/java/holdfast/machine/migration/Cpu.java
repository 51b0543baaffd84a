package holdfast.machine.migration;

import holdfast.machine.api.DeviceState;
import holdfast.machine.api.GuestWriter;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.concurrent.locks.ReentrantLock;

/**
 * A guest that counts, and stores each number at a place that follows from it. What it has in
 * registers is the next number alone, so that from it follows what every place must hold.
 */
final class Cpu implements GuestWriter, DeviceState, Runnable {
  private static final ValueLayout.OfLong NUMBER = ValueLayout.JAVA_LONG;

  /** Where numbers go: one to a page, and a few places in each page. */
  private static final long STEP = 4096 + 64;

  private final String id;
  private final MemorySegment memory;
  private final long places;
  private final int version;
  private final ReentrantLock running = new ReentrantLock(true);

  /** Written by the guest alone, or while it is paused. */
  private volatile long next = 1;

  private volatile boolean ended;

  /**
   * @param version of its state
   */
  Cpu(String id, MemorySegment memory, int version) {
    this.id = id;
    this.memory = memory;
    this.version = version;
    this.places = memory.byteSize() / STEP;
  }

  Cpu(String id, MemorySegment memory) {
    this(id, memory, 1);
  }

  @Override
  public void run() {
    while (!ended) {
      running.lock();
      try {
        for (int i = 0; i < 64; i++) {
          long number = next;
          memory.set(NUMBER, place(number), number);
          next = number + 1;
        }
      } catch (IllegalStateException e) {
        return; // the machine has ended
      } finally {
        running.unlock();
      }
      LockSupport.parkNanos(100_000);
    }
  }

  private long place(long number) {
    return number % places * STEP / Long.BYTES * Long.BYTES;
  }

  void end() {
    ended = true;
  }

  /** Returns the next number. */
  long next() {
    return next;
  }

  /**
   * While it is paused, returns the first place that doesn't hold what it must, as a sentence;
   * empty if all do.
   */
  String fault(MemorySegment seen) {
    long upTo = next();
    for (long number = Math.max(1, upTo - places); number < upTo; number++) {
      long found = seen.get(NUMBER, place(number));
      if (found != number) {
        return id + " stored " + number + ", and there is " + found + "; it has come to " + upTo;
      }
    }
    return "";
  }

  @Override
  public String name() {
    return id;
  }

  @Override
  public boolean pause(Duration limit) throws InterruptedException {
    return running.tryLock(limit.toNanos(), TimeUnit.NANOSECONDS);
  }

  @Override
  public void resume() {
    running.unlock();
  }

  @Override
  public String id() {
    return id;
  }

  @Override
  public int version() {
    return version;
  }

  @Override
  public void save(OutputStream to) throws IOException {
    new DataOutputStream(to).writeLong(next);
  }

  @Override
  public void load(int saved, InputStream from) throws IOException {
    next = new DataInputStream(from).readLong();
  }
}
