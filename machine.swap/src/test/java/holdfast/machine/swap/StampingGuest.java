package holdfast.machine.swap;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import holdfast.machine.api.DirtyLog;
import holdfast.machine.api.GuestWriter;
import holdfast.machine.api.MemoryRegion;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.VarHandle;
import java.time.Duration;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicLongArray;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/**
 * Writers that stamp pages with records, and readers that know for each page which record it must
 * have: the number of the last one, and words that follow from page and number. Who reads another
 * number has found a lost store, who reads other words a torn one.
 */
final class StampingGuest implements AutoCloseable {
  static final int PAGE = 4096;
  private static final int WORDS = 8;
  private static final int STRIDE = PAGE / WORDS;
  private static final ValueLayout.OfLong WORD = ValueLayout.JAVA_LONG;
  private static final long LIMIT_SECONDS = 60;

  private final MemorySegment segment;
  private final int pages;

  /** Of each page, twice the number of its last record; odd while one is being written. */
  private final AtomicLongArray versions;

  private final List<Thread> threads = new ArrayList<>();
  private final AtomicReference<@Nullable Throwable> failure = new AtomicReference<>();
  private final AtomicLong checked = new AtomicLong();
  final List<Writer> writers = new ArrayList<>();
  private volatile boolean stopped;

  StampingGuest(MemorySegment segment) {
    this.segment = segment;
    this.pages = (int) (segment.byteSize() / PAGE);
    this.versions = new AtomicLongArray(pages);
    for (int page = 0; page < pages; page++) {
      stamp(page, 0);
    }
  }

  /** Starts writers, each with pages of its own, and readers of all. */
  StampingGuest start(int writerCount, int readerCount, boolean logs, long pauseNanos) {
    for (int number = 0; number < writerCount; number++) {
      Writer writer = new Writer(number, writerCount, logs, pauseNanos);
      writers.add(writer);
      run("writer" + number, writer::write);
    }
    for (int number = 0; number < readerCount; number++) {
      run("reader" + number, this::read);
    }
    return this;
  }

  @SuppressWarnings("IllegalCatch") // whatever a thread ends with is the test's to judge
  private void run(String name, Runnable body) {
    threads.add(
        Thread.ofPlatform()
            .daemon()
            .name(name)
            .start(
                () -> {
                  try {
                    body.run();
                  } catch (Throwable e) {
                    failure.compareAndSet(null, e);
                  }
                }));
  }

  private static long word(int page, long number, int index) {
    long mixed = (page * 0x9E3779B97F4A7C15L ^ number) * 0xBF58476D1CE4E5B9L + index;
    return index == 0 ? number : mixed ^ mixed >>> 29;
  }

  private void stamp(int page, long number) {
    for (int index = 0; index < WORDS; index++) {
      segment.set(WORD, (long) page * PAGE + (long) index * STRIDE, word(page, number, index));
    }
  }

  private static void check(MemorySegment where, int page, long number) {
    for (int index = 0; index < WORDS; index++) {
      long seen = where.get(WORD, (long) page * PAGE + (long) index * STRIDE);
      if (seen != word(page, number, index)) {
        throw new AssertionError(
            "page "
                + page
                + " has word "
                + index
                + " = "
                + seen
                + ", not that of record "
                + number);
      }
    }
  }

  private void read() {
    RandomGenerator random = RandomGenerator.of("L64X128MixRandom");
    while (!stopped) {
      int page = random.nextInt(pages);
      long before = versions.getAcquire(page);
      if ((before & 1) != 0) {
        continue;
      }
      @Nullable AssertionError wrong = null;
      try {
        check(segment, page, before / 2);
      } catch (AssertionError e) {
        wrong = e;
      }
      VarHandle.acquireFence();
      if (versions.getOpaque(page) == before) {
        if (wrong != null) {
          throw wrong;
        }
        if ((checked.incrementAndGet() & 63) == 0) {
          LockSupport.parkNanos(20_000);
        }
      }
    }
  }

  /** Every page in a copy of the memory; no writer may be at work. */
  void assertAllIn(MemorySegment copy) {
    assertAlive();
    for (int page = 0; page < pages; page++) {
      long version = versions.get(page);
      assertEquals(0, version & 1, "a store was under way");
      check(copy, page, version / 2);
    }
  }

  void assertAlive() {
    Throwable seen = failure.get();
    if (seen != null) {
      throw new AssertionError("a thread of the guest has ended", seen);
    }
  }

  /** Runs something while the writers are paused. */
  void whilePaused(Check body) throws Exception {
    for (Writer writer : writers) {
      assertTrue(writer.pause(Duration.ofSeconds(LIMIT_SECONDS)));
    }
    try {
      body.run();
    } finally {
      writers.forEach(Writer::resume);
    }
  }

  /** Something to look at. */
  interface Check {
    void run() throws Exception;
  }

  /** How many records were read and found right. */
  long checked() {
    return checked.get();
  }

  @Override
  public void close() throws InterruptedException {
    stopped = true;
    for (Thread thread : threads) {
      thread.join(TimeUnit.SECONDS.toMillis(LIMIT_SECONDS));
      assertTrue(!thread.isAlive(), thread.getName());
    }
    assertAlive();
  }

  /** One that stamps its own pages. */
  final class Writer implements GuestWriter, DirtyLog {
    private final int first;
    private final int step;
    private final boolean logs;
    private final long pauseNanos;
    private final Semaphore storing = new Semaphore(1, true);
    private final BitSet dirty = new BitSet();
    private volatile boolean logging;
    final AtomicLong records = new AtomicLong();

    Writer(int first, int step, boolean logs, long pauseNanos) {
      this.first = first;
      this.step = step;
      this.logs = logs;
      this.pauseNanos = pauseNanos;
    }

    private void write() {
      RandomGenerator random = RandomGenerator.of("L64X128MixRandom");
      int own = (pages - first + step - 1) / step;
      while (!stopped) {
        storing.acquireUninterruptibly();
        try {
          for (int burst = 0; burst < 16; burst++) {
            write(first + step * random.nextInt(own));
          }
        } finally {
          storing.release();
        }
        LockSupport.parkNanos(pauseNanos);
      }
    }

    private void write(int page) {
      long number = versions.get(page) / 2 + 1;
      versions.set(page, 2 * number - 1);
      VarHandle.storeStoreFence();
      stamp(page, number);
      if (logging) {
        synchronized (dirty) {
          dirty.set(page);
        }
      }
      versions.setRelease(page, 2 * number);
      records.incrementAndGet();
    }

    @Override
    public String name() {
      return "vcpu" + first;
    }

    @Override
    public boolean pause(Duration limit) throws InterruptedException {
      return storing.tryAcquire(limit.toNanos(), TimeUnit.NANOSECONDS);
    }

    @Override
    public void resume() {
      storing.release();
    }

    @Override
    public Optional<DirtyLog> dirtyLog() {
      return logs ? Optional.of(this) : Optional.empty();
    }

    @Override
    public void start(MemoryRegion region) {
      synchronized (dirty) {
        dirty.clear();
      }
      // a burst that began before may not have seen it: wait for its end
      logging = true;
      storing.acquireUninterruptibly();
      storing.release();
    }

    @Override
    public void collect(MemoryRegion region, Ranges into) {
      BitSet found;
      synchronized (dirty) {
        found = (BitSet) dirty.clone();
        dirty.clear();
      }
      // some bytes of each page, as a log of stores would tell
      found.stream().forEach(page -> into.add((long) page * PAGE + 8, PAGE - 16));
    }

    @Override
    public void stop(MemoryRegion region) {
      logging = false;
    }
  }
}
