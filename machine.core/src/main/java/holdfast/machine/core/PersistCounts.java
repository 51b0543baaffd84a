package holdfast.machine.core;

import holdfast.machine.admin.PersistTimes;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.lang.ref.WeakReference;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.atomic.AtomicLongArray;
import java.util.concurrent.atomic.LongAdder;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * Counts the persists of a region, exactly, at a cost that is small beside the 60 ns of a clean
 * cache line. So a thread has a cell of its own, in which it counts without an atomic instruction;
 * who finds none free counts in common adders. The cell of a thread that has ended is taken over.
 *
 * <p>Thread-safe.
 */
final class PersistCounts {
  /** The cell of a thread that has none. */
  private static final int COMMON = -1;

  private static final int CELLS = 16;

  /** How many cells a thread looks at: they are in different cache lines. */
  private static final int LOOKED_AT = 4;

  /** In elements: two cache lines, since a CPU may fetch them in pairs. */
  private static final int STRIDE = 16;

  private static final int OWNER = 0;
  private static final int CALLS = 1;
  private static final int BYTES = 2;

  /** One in so many persists is timed; a power of two. */
  private static final int TIMED = 64;

  /** One in so many persists of a thread without a cell looks for a thread that has ended. */
  private static final int SEARCHED = 1024;

  private static final long[] BOUNDS =
      PersistTimes.BOUNDS.stream().mapToLong(Duration::toNanos).toArray();
  private static final VarHandle ELEMENT = MethodHandles.arrayElementVarHandle(long[].class);

  /** Each cell has the id of its thread, and what only that thread writes. */
  private final long[] cells = new long[CELLS * STRIDE];

  /** The threads of the cells. Guarded by this. */
  @SuppressWarnings({"unchecked", "rawtypes"})
  private final @Nullable WeakReference<Thread>[] owners = new WeakReference[CELLS];

  private final LongAdder commonCalls = new LongAdder();
  private final LongAdder commonBytes = new LongAdder();
  private final LongAdder failed = new LongAdder();
  private final AtomicLongArray times = new AtomicLongArray(BOUNDS.length + 1);
  private final LongAdder timesSum = new LongAdder();

  /** Counts without care those that have no cell: it only says when to do something rare. */
  private int withoutCell;

  /** Returns the cell of this thread, for what follows in it. */
  int cell() {
    long thread = Thread.currentThread().threadId();
    for (int i = 0; i < LOOKED_AT; i++) {
      int cell = (int) (thread + i) & (CELLS - 1);
      if (get(cell, OWNER) == thread) {
        return cell;
      }
    }
    return acquire(thread);
  }

  private int acquire(long thread) {
    boolean search = (++withoutCell & (SEARCHED - 1)) == 0;
    for (int i = 0; i < LOOKED_AT; i++) {
      int cell = (int) (thread + i) & (CELLS - 1);
      if ((search || get(cell, OWNER) == 0) && own(cell, thread)) {
        return cell;
      }
    }
    return COMMON;
  }

  private synchronized boolean own(int cell, long thread) {
    WeakReference<Thread> owner = owners[cell];
    Thread present = owner == null ? null : owner.get();
    if (present != null && present.isAlive()) {
      return false;
    }
    // what a thread that has ended wrote is seen from here on (JLS 17.4.5)
    owners[cell] = new WeakReference<>(Thread.currentThread());
    set(cell, OWNER, thread);
    return true;
  }

  private long get(int cell, int element) {
    return (long) ELEMENT.getOpaque(cells, cell * STRIDE + element);
  }

  private void set(int cell, int element, long value) {
    ELEMENT.setOpaque(cells, cell * STRIDE + element, value);
  }

  /** Returns whether the next persist is one of those that are timed. */
  boolean isTimed(int cell) {
    return ((cell == COMMON ? withoutCell : get(cell, CALLS)) & (TIMED - 1)) == 0;
  }

  /** Counts a persist. */
  void add(int cell, long bytes) {
    if (cell == COMMON) {
      commonCalls.increment();
      commonBytes.add(bytes);
    } else {
      set(cell, CALLS, get(cell, CALLS) + 1);
      set(cell, BYTES, get(cell, BYTES) + bytes);
    }
  }

  /** Counts a persist that failed. */
  void addFailed() {
    failed.increment();
  }

  /** Adds the time that a persist took. */
  void addTime(long nanos) {
    int bound = 0;
    while (bound < BOUNDS.length && nanos > BOUNDS[bound]) {
      bound++;
    }
    times.incrementAndGet(bound);
    timesSum.add(nanos);
  }

  /** Returns how many persists were counted. */
  long persists() {
    return commonCalls.sum() + sum(CALLS);
  }

  /** Returns how many bytes they had. */
  long bytes() {
    return commonBytes.sum() + sum(BYTES);
  }

  private long sum(int element) {
    return IntStream.range(0, CELLS).mapToLong(cell -> get(cell, element)).sum();
  }

  /** Returns how many persists failed. */
  long failed() {
    return failed.sum();
  }

  /** Returns how long persists took. */
  PersistTimes times() {
    List<Long> counts = IntStream.range(0, times.length()).mapToObj(times::get).toList();
    return new PersistTimes(counts, Duration.ofNanos(timesSum.sum()));
  }
}
