package holdfast.backend.mmap.internal;

import holdfast.backend.api.WrittenRange;

/**
 * Joins ranges that touch, and knows from where on nothing has been told yet. The ranges come in
 * the order of their offsets.
 */
final class WrittenRuns {
  private final WrittenRange sink;

  /** From here to the end of the block, everything counts as written. */
  private final long unknownFrom;

  private final long end;
  private long runFrom;
  private long runTo;
  private long told;

  /**
   * @param unknownFrom where what is not known begins; {@code end} if all is known
   * @param end the size of the block
   */
  WrittenRuns(WrittenRange sink, long unknownFrom, long end) {
    this.sink = sink;
    this.unknownFrom = unknownFrom;
    this.end = end;
  }

  /** One more range. */
  void add(long from, long to) {
    if (from < unknownFrom) {
      append(from, Math.min(to, unknownFrom));
    }
  }

  /** No more ranges. */
  void finish() {
    if (unknownFrom < end) {
      append(unknownFrom, end);
    }
    tell();
  }

  private void append(long from, long to) {
    if (from > runTo) {
      tell();
      runFrom = from;
    } else if (runTo == runFrom) {
      runFrom = from;
    }
    runTo = to;
  }

  private void tell() {
    if (runTo > runFrom) {
      sink.accept(runFrom, runTo - runFrom);
      told += runTo - runFrom;
      runFrom = runTo;
    }
  }

  /** How many bytes the sink was told. */
  long told() {
    return told;
  }

  /**
   * The least offset that the sink may not know of.
   *
   * @param reached up to where ranges were asked for
   */
  long untoldFrom(long reached) {
    return Math.min(unknownFrom, runTo > runFrom ? runFrom : reached);
  }
}
