package holdfast.backend.testkit;

import holdfast.backend.mmap.CacheFlush;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;

/**
 * A cache flush that flushes nothing and remembers what it was asked for: which lines, by whom, and
 * which of them a drain has followed. Thread-safe.
 */
public final class RecordingCacheFlush implements CacheFlush {
  /** The size of a cache line in bytes that is reckoned with. */
  public static final int LINE = 64;

  private record Flushed(long line, Thread by) {}

  private final boolean eadr;
  private final List<Flushed> flushed = new ArrayList<>();
  private final List<Flushed> undrained = new ArrayList<>();
  private int drains;

  /** On a platform that loses what is in its CPU caches. */
  public RecordingCacheFlush() {
    this(false);
  }

  /**
   * @param eadr whether the platform flushes its CPU caches when power fails
   */
  public RecordingCacheFlush(boolean eadr) {
    this.eadr = eadr;
  }

  /** The addresses of the lines that {@code range} touches, in order. */
  public static List<Long> linesOf(AddressRange range) {
    List<Long> lines = new ArrayList<>();
    for (long line = range.from() & -LINE; line < range.to(); line += LINE) {
      lines.add(line);
    }
    return lines;
  }

  @Override
  public synchronized void flush(MemorySegment range) {
    long from = range.address();
    for (long line : linesOf(new AddressRange(from, from + range.byteSize()))) {
      Flushed one = new Flushed(line, Thread.currentThread());
      flushed.add(one);
      undrained.add(one);
    }
  }

  @Override
  public synchronized void drain() {
    drains++;
    undrained.removeIf(one -> one.by == Thread.currentThread());
  }

  @Override
  public boolean platformFlushesCaches() {
    return eadr;
  }

  @Override
  public String describe() {
    return "a record of flushes";
  }

  /** The lines flushed so far, in order, each as often as it was. */
  public synchronized List<Long> flushed() {
    return flushed.stream().map(Flushed::line).toList();
  }

  /** The lines among them that no drain of the same thread has followed: they are not durable. */
  public synchronized List<Long> undrained() {
    return undrained.stream().map(Flushed::line).toList();
  }

  /** The number of drains so far. */
  public synchronized int drains() {
    return drains;
  }

  /** Forgets everything so far. */
  public synchronized void forget() {
    flushed.clear();
    undrained.clear();
    drains = 0;
  }
}
