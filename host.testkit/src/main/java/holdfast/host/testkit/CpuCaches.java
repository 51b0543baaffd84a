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
import org.osgi.annotation.versioning.ConsumerType;

/**
 * A model of a machine whose CPU caches lose what was not flushed. It shows what a power cut does
 * to real persistent memory, which killing an emulated machine doesn't. It has the methods of a
 * cache flush; a subclass takes the place of the real one.
 *
 * <p>The model: a line's bytes at the moment of its {@linkplain #flush flush} are durable after the
 * next {@linkplain #drain drain} of the same thread. That is the least that the hardware does; a
 * real cache may write a line back earlier, but nothing may rely on that. On a platform with eADR a
 * drain alone makes everything durable that was stored before it.
 *
 * <p>There are two ways to check, which complement each other:
 *
 * <ul>
 *   <li>{@link #persist(List, Persist)} persists and returns what was wrong with the flushes and
 *       the drain of that persist, a sentence each. It needs no knowledge of the stores: a persist
 *       doesn't have any either, so it has to flush every line of its range.
 *   <li>{@link #watch} keeps an image of what is durable of a memory: {@link WatchedMemory#lost}
 *       returns what a power cut at this moment would take away.
 * </ul>
 *
 * <p>A persist is judged by what its own thread flushed and drained: one that hands its work to
 * another thread is not supported. The file system is not modelled; {@link FaultyLibc#withOracle}
 * reports msync(2) to the oracle.
 *
 * <p>Thread-safe.
 */
public class CpuCaches {
  /** The assumed size of a cache line in bytes. */
  public static final int LINE = 64;

  /** An action that persists. */
  @FunctionalInterface
  @ConsumerType
  public interface Persist<E extends Exception> {
    /** Persists in the calling thread. */
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

  /** Counts stores, flushes and drains together: a later one has the greater number. */
  private long clock;

  /** Models a platform that loses the content of its CPU caches. */
  public CpuCaches() {
    this(false);
  }

  /**
   * @param eadr whether the platform flushes its CPU caches when power fails
   */
  public CpuCaches(boolean eadr) {
    this.eadr = eadr;
  }

  /** Returns the addresses of the lines that {@code range} touches, in order. */
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
   * Watches a memory from now on. Its present content counts as durable.
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

  /**
   * Makes durable what this thread has flushed; on a platform with eADR, everything stored so far.
   */
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

  /** Returns whether the platform flushes its CPU caches when power fails (eADR). */
  public boolean platformFlushesCaches() {
    return eadr;
  }

  /** Returns a description for reports. */
  public String describe() {
    return "a model of CPU caches";
  }

  /** Returns the lines flushed so far, in order, with repetitions. */
  public synchronized List<Long> flushed() {
    return flushed.stream().map(Flushed::line).toList();
  }

  /** Returns the number of drains so far. */
  public synchronized int drains() {
    return drains;
  }

  /**
   * Persists, and judges that by the ranges that it has to make durable.
   *
   * @param ranges host addresses; empty ranges demand nothing
   * @param persist persists all of them, in this thread
   * @return what was wrong with it, a sentence each; empty if nothing was
   * @throws E if {@code persist} throws it; then nothing is judged
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

  /** Returns how often this thread has flushed each line since then. */
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

  /** Returns the name of a line in sentences. */
  static String name(long line) {
    return "line 0x" + Long.toHexString(line);
  }

  private static AddressRange rangeOf(MemorySegment segment) {
    return new AddressRange(segment.address(), segment.address() + segment.byteSize());
  }

  /** Records a store. The caller holds the monitor. */
  void stored(AddressRange range) {
    long order = ++clock;
    linesOf(range).forEach(line -> lastStore.put(line, new Stored(order, Thread.currentThread())));
  }

  /** Records what the line holds now; the result makes it durable, under the monitor. */
  private Runnable snapshot(long line, long order) {
    List<Runnable> all = watched.stream().map(memory -> memory.snapshot(line, order)).toList();
    return () -> all.forEach(Runnable::run);
  }

  /**
   * Records that the kernel begins to write a range back by its own means, msync(2).
   *
   * @return to be run when the kernel has finished: makes durable what the range holds now
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
