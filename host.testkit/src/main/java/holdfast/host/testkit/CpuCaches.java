package holdfast.host.testkit;

import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.CopyOnWriteArrayList;

/**
 * A machine whose CPU caches lose what was not flushed: it shows what a power cut shows of real
 * persistent memory, and killing an emulated one doesn't. A subclass puts it in the place of the
 * real cache flush, whose methods it has.
 *
 * <p>The model: a line's bytes, as they are at the moment of its {@linkplain #flush flush}, are
 * durable after the next {@linkplain #drain drain} of the same thread. That is the least that the
 * hardware does; a real cache may write a line back earlier, on which nobody may rely. On a
 * platform with eADR a drain alone makes all that was stored before it durable.
 *
 * <p>Two ways to ask, which go together:
 *
 * <ul>
 *   <li>{@link #persist(List, Persist)} persists and answers what was wrong with the flushes and
 *       the drain of that persist, a sentence each. It needs to know of no store: a persist can't
 *       know of the stores either, so it has to flush every line of its range.
 *   <li>{@link #watch} gives a memory of which the oracle keeps what is durable: {@link
 *       WatchedMemory#lost} says what a power cut at this moment would take away.
 * </ul>
 *
 * <p>A persist is judged by what its own thread flushed and drained: one that hands its work to
 * another thread is not understood. The file system is not modelled; of msync(2) the oracle learns
 * through {@link FaultyLibc#withOracle}.
 *
 * <p>Thread-safe.
 */
public class CpuCaches {
  /** The size of a cache line in bytes that is reckoned with. */
  public static final int LINE = 64;

  /** Something that persists. */
  @FunctionalInterface
  public interface Persist<E extends Exception> {
    /** Persists in the thread of the call. */
    void run() throws E;
  }

  private record Flushed(long order, long line, Thread by) {}

  /** A flush that no drain has followed yet, and what is durable once one does. */
  private record Pending(long line, Runnable settle) {}

  private record Stored(long order, Thread by) {}

  private final boolean eadr;
  private final List<WatchedMemory> watched = new CopyOnWriteArrayList<>();
  private final List<Flushed> flushed = new ArrayList<>();
  private final Map<Thread, List<Pending>> pending = new HashMap<>();
  private final Map<Thread, Long> lastDrain = new HashMap<>();
  private final Map<Long, Long> lastFlush = new HashMap<>();
  private final Map<Long, Stored> lastStore = new HashMap<>();
  private int drains;

  /** Counts stores, flushes and drains together: what came later has the greater number. */
  private long clock;

  /** On a platform that loses what is in its CPU caches. */
  public CpuCaches() {
    this(false);
  }

  /**
   * @param eadr whether the platform flushes its CPU caches when power fails
   */
  public CpuCaches(boolean eadr) {
    this.eadr = eadr;
  }

  /** The addresses of the lines that {@code range} touches, in order. */
  public static List<Long> linesOf(AddressRange range) {
    List<Long> lines = new ArrayList<>();
    if (range.length() > 0) {
      for (long line = range.from() & -LINE; line < range.to(); line += LINE) {
        lines.add(line);
      }
    }
    return lines;
  }

  /**
   * Watches a memory from now on. What it holds now counts as durable.
   *
   * @param memory native memory of whole cache lines, for example a block's segment
   * @throws IllegalArgumentException if it is something else
   */
  public synchronized WatchedMemory watch(MemorySegment memory) {
    WatchedMemory watch = new WatchedMemory(this, memory);
    watched.add(watch);
    return watch;
  }

  /** Starts writing back every cache line that the range touches. */
  public synchronized void flush(MemorySegment range) {
    Thread thread = Thread.currentThread();
    List<Pending> mine = pending.computeIfAbsent(thread, none -> new ArrayList<>());
    for (long line : linesOf(rangeOf(range))) {
      long order = ++clock;
      flushed.add(new Flushed(order, line, thread));
      lastFlush.put(line, order);
      mine.add(new Pending(line, snapshot(line, order)));
    }
  }

  /** Makes durable what this thread has flushed. */
  public synchronized void drain() {
    Thread thread = Thread.currentThread();
    long order = ++clock;
    drains++;
    lastDrain.put(thread, order);
    List<Pending> mine = pending.remove(thread);
    if (mine != null) {
      mine.forEach(one -> one.settle.run());
    }
    if (eadr) {
      for (WatchedMemory memory : watched) {
        linesOf(memory.range()).forEach(line -> memory.snapshot(line, order).run());
      }
    }
  }

  /** Whether the platform flushes its CPU caches when power fails (eADR). */
  public boolean platformFlushesCaches() {
    return eadr;
  }

  /** What this is, for reports. */
  public String describe() {
    return "a model of CPU caches";
  }

  /** The lines flushed so far, in order, each as often as it was. */
  public synchronized List<Long> flushed() {
    return flushed.stream().map(Flushed::line).toList();
  }

  /** The number of drains so far. */
  public synchronized int drains() {
    return drains;
  }

  /**
   * Persists, and judges it by the ranges that it has to make durable.
   *
   * @param ranges host addresses; ranges of no bytes demand nothing
   * @param persist what persists all of them, in this thread
   * @return what was wrong with it, a sentence each; empty if nothing was
   * @throws E what {@code persist} throws: then nothing is judged
   */
  public <E extends Exception> List<String> persist(List<AddressRange> ranges, Persist<E> persist)
      throws E {
    long begin = now();
    persist.run();
    return judge(ranges, begin);
  }

  private synchronized long now() {
    return clock;
  }

  private synchronized List<String> judge(List<AddressRange> ranges, long begin) {
    Set<Long> promised = new TreeSet<>();
    ranges.forEach(range -> promised.addAll(linesOf(range)));
    Map<Long, Integer> done = flushedSince(begin);
    return eadr ? judgeFence(promised, done, begin) : judgeLines(promised, done);
  }

  /** How often this thread has flushed each line since then. */
  private Map<Long, Integer> flushedSince(long begin) {
    Map<Long, Integer> times = new TreeMap<>();
    for (Flushed one : flushed.reversed()) {
      if (one.order <= begin) {
        break;
      }
      if (one.by == Thread.currentThread()) {
        times.merge(one.line, 1, Integer::sum);
      }
    }
    return times;
  }

  private List<String> judgeFence(Set<Long> promised, Map<Long, Integer> done, long begin) {
    List<String> wrong = new ArrayList<>();
    if (!promised.isEmpty() && lastDrain.getOrDefault(Thread.currentThread(), 0L) <= begin) {
      wrong.add("the thread that persisted did not drain, which eADR needs too");
    }
    done.keySet().forEach(line -> wrong.add(name(line) + " was flushed, which eADR does not need"));
    return wrong;
  }

  private List<String> judgeLines(Set<Long> promised, Map<Long, Integer> done) {
    List<String> wrong = new ArrayList<>();
    for (long line : promised) {
      if (!done.containsKey(line)) {
        wrong.add(name(line) + whyNotFlushed(line));
      }
    }
    Set<Long> undrained = new TreeSet<>();
    pending.getOrDefault(Thread.currentThread(), List.of()).forEach(one -> undrained.add(one.line));
    done.forEach(
        (line, times) -> {
          if (!promised.contains(line)) {
            wrong.add(name(line) + " was flushed, but the range of this persist does not touch it");
          } else if (undrained.contains(line)) {
            wrong.add(name(line) + " was flushed, but not drained by the thread that persisted");
          }
          if (times > 1) {
            wrong.add(name(line) + " was flushed " + times + " times by one persist");
          }
        });
    return wrong;
  }

  private String whyNotFlushed(long line) {
    Long flush = lastFlush.get(line);
    if (flush == null) {
      return " was never flushed";
    }
    Stored store = lastStore.get(line);
    return store != null && store.order > flush
        ? " was stored to by thread " + store.by.getName() + " after its last flush"
        : " was not flushed by this persist, only before it";
  }

  /** What a line is called in sentences. */
  static String name(long line) {
    return "line 0x" + Long.toHexString(line);
  }

  private static AddressRange rangeOf(MemorySegment segment) {
    return new AddressRange(segment.address(), segment.address() + segment.byteSize());
  }

  /** The caller holds the monitor. */
  void stored(AddressRange range) {
    long order = ++clock;
    linesOf(range).forEach(line -> lastStore.put(line, new Stored(order, Thread.currentThread())));
  }

  /** Makes what the line holds now durable when it is run, under the monitor. */
  private Runnable snapshot(long line, long order) {
    List<Runnable> all = watched.stream().map(memory -> memory.snapshot(line, order)).toList();
    return () -> all.forEach(Runnable::run);
  }

  /**
   * The kernel begins to write a range back by its own means, msync(2).
   *
   * @return to be run when it has: then what the range holds now is durable
   */
  synchronized Runnable writeBack(AddressRange range) {
    long order = ++clock;
    List<Runnable> all = new ArrayList<>();
    for (WatchedMemory memory : watched) {
      for (long line : linesOf(memory.range())) {
        if (range.holds(line)) {
          all.add(memory.snapshot(line, order));
        }
      }
    }
    return () -> {
      synchronized (this) {
        all.forEach(Runnable::run);
      }
    };
  }
}
