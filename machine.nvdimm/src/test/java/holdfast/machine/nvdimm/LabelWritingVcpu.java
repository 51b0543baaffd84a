package holdfast.machine.nvdimm;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import holdfast.machine.api.DirtyLog;
import holdfast.machine.api.GuestWriter;
import holdfast.machine.api.MemoryRegion;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/** A vCPU that writes nothing but labels, each with a number of its own. */
final class LabelWritingVcpu implements GuestWriter {
  private static final int PLACES = 200;
  private static final int STRIDE = 613;

  private final Write write;
  private final long[] acknowledged = new long[PLACES];
  private final Semaphore running = new Semaphore(1, true);
  private final AtomicReference<@Nullable Throwable> failure = new AtomicReference<>();
  private final Thread thread = Thread.ofPlatform().daemon().unstarted(this::run);
  private final @Nullable Log log;
  private volatile boolean stopped;
  private volatile long writes;

  /** Writes a label of 8 bytes, and returns when that is acknowledged. */
  interface Write {
    void label(int offset, long number);
  }

  LabelWritingVcpu(Write write) {
    this(write, null);
  }

  LabelWritingVcpu(Write write, @Nullable Log log) {
    this.write = write;
    this.log = log;
  }

  @SuppressWarnings("IllegalCatch") // the test is to judge it
  private void run() {
    Random random = new Random(1);
    try {
      for (long number = 1; !stopped; number++) {
        running.acquireUninterruptibly();
        try {
          int place = random.nextInt(PLACES);
          write.label(place * STRIDE, number);
          acknowledged[place] = number;
          writes = number;
        } finally {
          running.release();
        }
      }
    } catch (Throwable e) {
      failure.set(e);
    }
  }

  void start() {
    thread.start();
  }

  /** Ends it, and checks that nothing went wrong. */
  void stop(Duration limit) throws InterruptedException {
    stopped = true;
    assertTrue(thread.join(limit));
    assertNull(failure.get());
  }

  /** How many labels were acknowledged. */
  long writes() {
    return writes;
  }

  /** That each acknowledged label is in the area. */
  void check(MemorySegment label) {
    for (int place = 0; place < PLACES; place++) {
      assertEquals(
          acknowledged[place],
          label.get(ValueLayout.JAVA_LONG_UNALIGNED, (long) place * STRIDE),
          "place " + place);
    }
  }

  @Override
  public String name() {
    return "vcpu0";
  }

  @Override
  public boolean pause(Duration limit) throws InterruptedException {
    return running.tryAcquire(limit.toNanos(), TimeUnit.NANOSECONDS);
  }

  @Override
  public void resume() {
    running.release();
  }

  @Override
  public Optional<DirtyLog> dirtyLog() {
    return Optional.ofNullable(log);
  }

  /** Keeps what it is told of label stores until it is collected. */
  static final class Log implements DirtyLog, LabelStores {
    private final List<long[]> ranges = new ArrayList<>();
    private boolean started;
    int collected;

    @Override
    public synchronized void stored(MemoryRegion region, long offset, long length) {
      if (started) {
        ranges.add(new long[] {offset, length});
      }
    }

    @Override
    public synchronized void start(MemoryRegion region) {
      started = true;
      ranges.clear();
    }

    @Override
    public synchronized void collect(MemoryRegion region, Ranges into) {
      ranges.forEach(range -> into.add(range[0], range[1]));
      collected += ranges.size();
      ranges.clear();
    }

    @Override
    public synchronized void stop(MemoryRegion region) {
      started = false;
    }
  }
}
