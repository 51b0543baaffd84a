package holdfast.machine.copy;

import holdfast.backend.api.CopyTarget;
import holdfast.machine.api.SwapLimits;
import java.lang.foreign.MemorySegment;
import java.util.function.LongConsumer;
import org.osgi.annotation.versioning.ConsumerType;

/** Copies memory to other memory of the same size, and compares the two. Used by one thread. */
public final class PageCopy {
  /** How much is copied or compared at once: little enough to cancel and throttle in between. */
  private static final long PORTION = 1 << 20;

  /** How much is written back at once: enough for a disk to work at its full rate. */
  private static final long WRITTEN_AT_ONCE = 8 << 20;

  private final Sides sides;
  private final long size;
  private final Throttle throttle;
  private final Cancellation cancellation;
  private final LongConsumer copied;

  /** The offset of the last copy or comparison. */
  private long at;

  /**
   * @param from the memory to copy
   * @param to the memory to copy to, of the same size
   * @param target takes in what is copied there
   * @param limits how many bytes a second are copied at most
   * @param cancellation ends the copy early
   * @param copied receives the numbers of bytes that were copied
   */
  public PageCopy(
      MemorySegment from,
      MemorySegment to,
      CopyTarget target,
      SwapLimits limits,
      Cancellation cancellation,
      LongConsumer copied) {
    this.sides = new Sides(from, to, target);
    this.size = from.byteSize();
    this.throttle = new Throttle(limits.bandwidth(), cancellation);
    this.cancellation = cancellation;
    this.copied = copied;
  }

  /** Receives the large ranges that were copied, in order to write them back. */
  @ConsumerType
  public interface WriteBack {
    /** Starts to write a range back. */
    void start(long offset, long length) throws GivenUpException;
  }

  /**
   * Copies ranges at no more than the bandwidth limit.
   *
   * @param behind writes back what was copied while more is copied; small ranges are left for a
   *     persist
   * @return how long it took, in ns, without the waits for the bandwidth limit
   */
  public long copyThrottled(DirtyRanges ranges, WriteBack behind) throws GivenUpException {
    long before = System.nanoTime();
    long waitedBefore = throttle.waited();
    ranges.forEach((offset, length) -> copyThrottled(offset, length, behind));
    return System.nanoTime() - before - (throttle.waited() - waitedBefore);
  }

  private void copyThrottled(long offset, long length, WriteBack behind) throws GivenUpException {
    long written = 0;
    for (long done = 0; done < length; ) {
      cancellation.throwIfCancelled();
      long before = System.nanoTime();
      long portion = Math.min(PORTION, length - done);
      copy(offset + done, portion);
      done += portion;
      if (done - written >= WRITTEN_AT_ONCE) {
        behind.start(offset + written, done - written);
        written = done;
      }
      throttle.after(portion, System.nanoTime() - before);
    }
  }

  /** Copies ranges without a limit. */
  public void copy(DirtyRanges ranges) {
    ranges.forEach(this::copy);
  }

  private void copy(long offset, long length) {
    for (at = offset; at < offset + length; at += PORTION) {
      sides.copy(at, Math.min(PORTION, offset + length - at));
    }
    copied.accept(length);
  }

  /** Compares all pages, unless the swap is cancelled meanwhile; returns those that differ. */
  public DirtyRanges differencesUnlessCancelled() throws GivenUpException {
    DirtyRanges different = new DirtyRanges();
    for (at = 0; at < size; at += PORTION) {
      cancellation.throwIfCancelled();
      sides.compare(at, Math.min(PORTION, size - at), different);
    }
    return different;
  }

  /** Compares the pages of some ranges; returns those that differ. */
  public DirtyRanges differences(DirtyRanges ranges) {
    DirtyRanges different = new DirtyRanges();
    ranges.forEach(
        (offset, length) -> {
          at = offset;
          sides.compare(offset, length, different);
        });
    return different;
  }

  /**
   * Returns the offset of the first byte that may have caused an error, which may be reported late.
   */
  public long suspectsFrom() {
    return Math.max(0, at - PORTION);
  }

  /** Returns the number of bytes that may have caused an error. */
  public long suspects() {
    return Math.min(size, at + PORTION) - suspectsFrom();
  }
}
