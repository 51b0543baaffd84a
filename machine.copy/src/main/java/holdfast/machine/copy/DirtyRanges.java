package holdfast.machine.copy;

import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Objects;
import java.util.TreeMap;
import org.osgi.annotation.versioning.ConsumerType;

/** A set of bytes of a region, kept as ranges that neither touch nor overlap. Not thread-safe. */
public final class DirtyRanges implements PreCopyLoop.Dirty {
  private final NavigableMap<Long, Long> ends = new TreeMap<>();
  private long bytes;

  /** Receives the ranges of a region one by one. */
  @ConsumerType
  public interface Sink<E extends Exception> {
    void range(long offset, long length) throws E;
  }

  /** Adds a range; adding an empty one has no effect. */
  public void add(long offset, long length) {
    if (length <= 0) {
      return;
    }
    long from = offset;
    long to = offset + length;
    Map.Entry<Long, Long> near = ends.floorEntry(to);
    while (near != null && near.getValue() >= from) {
      from = Math.min(from, near.getKey());
      to = Math.max(to, near.getValue());
      bytes -= near.getValue() - near.getKey();
      ends.remove(near.getKey());
      near = ends.floorEntry(to);
    }
    ends.put(from, to);
    bytes += to - from;
  }

  /**
   * Adds all pages that a range touches, because the kernel tracks whole pages and copies are
   * compared by them.
   *
   * @param size the size of the region, whose last page may be shorter
   * @throws IndexOutOfBoundsException if the range is not within it
   */
  void addPages(long offset, long length, long size) {
    Objects.checkFromIndexSize(offset, length, size);
    if (length > 0) {
      long from = offset & -DirtySource.PAGE;
      long to = Math.min(size, (offset + length + DirtySource.PAGE - 1) & -DirtySource.PAGE);
      add(from, to - from);
    }
  }

  /** Adds all of {@code others}. */
  public void addAll(DirtyRanges others) {
    others.ends.forEach((from, to) -> add(from, to - from));
  }

  /** Removes all ranges. */
  public void clear() {
    ends.clear();
    bytes = 0;
  }

  /** Returns whether all bytes of a range are in the set. */
  public boolean holds(long offset, long length) {
    Map.Entry<Long, Long> entry = ends.floorEntry(offset);
    return length == 0 || entry != null && entry.getValue() >= offset + length;
  }

  @Override
  public long bytes() {
    return bytes;
  }

  /** Passes each range to {@code sink}, in the order of offsets. */
  public <E extends Exception> void forEach(Sink<E> sink) throws E {
    for (Map.Entry<Long, Long> range : ends.entrySet()) {
      sink.range(range.getKey(), range.getValue() - range.getKey());
    }
  }

  /** Returns the ranges, in the order of offsets. */
  public List<Range> list() {
    return ends.entrySet().stream()
        .map(range -> new Range(range.getKey(), range.getValue() - range.getKey()))
        .toList();
  }

  /** Bytes side by side. */
  public record Range(long offset, long length) {}
}
