package holdfast.backend.mmap.internal;

import holdfast.backend.api.WrittenRange;
import holdfast.host.linux.PageRegions;
import java.util.Map;
import java.util.NavigableMap;
import java.util.TreeMap;

/**
 * The runs of pages that the kernel has reported, and thereby made clean, and the receiver has not
 * got yet. A run is removed only when the receiver has accepted it, so that none is forgotten,
 * whatever fails. Ranges may arrive in any order, and touch or overlap; each run is reported as
 * long as is known then.
 */
final class WrittenRuns {
  private final WrittenRange sink;

  /** The end of each run by its beginning; no two of them touch. */
  private final NavigableMap<Long, Long> untold = new TreeMap<>();

  private long told;

  /**
   * @param unknownFrom from here to {@code end} everything counts as written; {@code end} if all is
   *     known
   * @param end the size of the block
   */
  WrittenRuns(WrittenRange sink, long unknownFrom, long end) {
    this.sink = sink;
    if (unknownFrom < end) {
      add(unknownFrom, end);
    }
  }

  /**
   * Adds one result of the kernel; nothing is reported yet.
   *
   * @param base the address of offset 0
   */
  void add(PageRegions found, long base) {
    for (PageRegions.Region region : found.regions()) {
      add(region.start() - base, region.end() - base);
    }
  }

  private void add(long first, long last) {
    long from = first;
    long to = last;
    Map.Entry<Long, Long> near = untold.floorEntry(to);
    while (near != null && near.getValue() >= from) {
      from = Math.min(from, near.getKey());
      to = Math.max(to, near.getValue());
      untold.remove(near.getKey());
      near = untold.floorEntry(to);
    }
    untold.put(from, to);
  }

  /**
   * Reports all runs but the last one, which the next result may continue. A run of unknown pages
   * reaches to the end, and so is reported last, when the kernel has made all of it clean.
   */
  void tellSettled() {
    tell(1);
  }

  /** Reports what is left, after the last result. */
  void finish() {
    tell(0);
  }

  private void tell(int left) {
    while (untold.size() > left) {
      Map.Entry<Long, Long> run = untold.firstEntry();
      long length = run.getValue() - run.getKey();
      sink.accept(run.getKey(), length);
      untold.remove(run.getKey());
      told += length;
    }
  }

  /** Returns how many bytes the receiver has accepted. */
  long told() {
    return told;
  }

  /**
   * Returns the least offset that the receiver may not know of.
   *
   * @param reached how far the kernel was asked
   */
  long untoldFrom(long reached) {
    return untold.isEmpty() ? reached : Math.min(untold.firstKey(), reached);
  }
}
