package holdfast.launcher.internal.swap;

import holdfast.backend.api.RamBlock;
import holdfast.launcher.internal.region.Region;
import holdfast.machine.api.SwapLimits;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;

/**
 * Copies a region's bytes to the block that is to take its place, and compares them. One thread.
 */
final class PageCopy {
  /** What is copied or compared at once: little enough to be cancelled and throttled after. */
  private static final long PORTION = 1 << 20;

  private final Region region;
  private final RamBlock next;
  private final Sides sides;
  private final long size;
  private final long bandwidth;
  private final CountDownLatch cancelled;
  private final Supplier<String> cancelReason;
  private final Progress progress;

  /** The offset that was copied or compared last. */
  private long at;

  /** For how long the bandwidth limit has made the copy wait, ns. */
  private long waited;

  /**
   * @param cancelled at zero when the swap is to be rolled back
   * @param cancelReason why it is then
   */
  PageCopy(
      Region region,
      RamBlock next,
      SwapLimits limits,
      CountDownLatch cancelled,
      Supplier<String> cancelReason,
      Progress progress) {
    this.region = region;
    this.next = next;
    this.sides = new Sides(region.segment(), next.segment());
    this.size = region.size().bytes();
    this.bandwidth = limits.bandwidth().bytes();
    this.cancelled = cancelled;
    this.cancelReason = cancelReason;
    this.progress = progress;
  }

  /**
   * That nobody has cancelled the swap.
   *
   * @throws GivenUpException if somebody has
   */
  void requireWanted() throws GivenUpException {
    if (cancelled.getCount() == 0) {
      throw new GivenUpException(cancelReason.get());
    }
  }

  /**
   * Copies, with no more bytes a second than the limit lets.
   *
   * @return for how long, in ns, not counting what the limit made it wait
   */
  long copyThrottled(DirtyRanges ranges) throws GivenUpException {
    long before = System.nanoTime();
    long waitedBefore = waited;
    ranges.forEach(this::copyThrottled);
    return System.nanoTime() - before - (waited - waitedBefore);
  }

  private void copyThrottled(long offset, long length) throws GivenUpException {
    for (long done = 0; done < length; ) {
      requireWanted();
      long before = System.nanoTime();
      long portion = Math.min(PORTION, length - done);
      copy(offset + done, portion);
      done += portion;
      if (bandwidth > 0) {
        pause((long) (portion * 1e9 / bandwidth) - (System.nanoTime() - before));
      }
    }
  }

  /** Lets time go by until the next portion may be copied, or somebody cancels. */
  private void pause(long nanos) throws GivenUpException {
    long before = System.nanoTime();
    try {
      cancelled.await(nanos, TimeUnit.NANOSECONDS);
      waited += System.nanoTime() - before;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new GivenUpException("it was interrupted");
    }
  }

  /** Copies as fast as can be. */
  void copy(DirtyRanges ranges) {
    ranges.forEach(this::copy);
  }

  private void copy(long offset, long length) {
    for (at = offset; at < offset + length; at += PORTION) {
      sides.copy(at, Math.min(PORTION, offset + length - at));
    }
    progress.copied(length);
  }

  /** The pages that differ, of all, unless somebody cancels meanwhile. */
  DirtyRanges differencesUnlessCancelled() throws GivenUpException {
    DirtyRanges different = new DirtyRanges();
    for (at = 0; at < size; at += PORTION) {
      requireWanted();
      sides.compare(at, Math.min(PORTION, size - at), different);
    }
    return different;
  }

  /** The pages that differ, of some. */
  DirtyRanges differences(DirtyRanges ranges) {
    DirtyRanges different = new DirtyRanges();
    ranges.forEach(
        (offset, length) -> {
          at = offset;
          sides.compare(offset, length, different);
        });
    return different;
  }

  /**
   * Of memory that failed while it was copied or compared: if it is the region's own, the region
   * has failed. The error may be late, and be about what was copied just before.
   *
   * @return what is to be said of it, as half a sentence
   */
  String whoseFault(InternalError e) {
    long from = Math.max(0, at - PORTION);
    long length = Math.min(size, at + PORTION) - from;
    try {
      if (region.failIfLost(from, length, false)) {
        return "its own memory can't be read any more: " + region.status().note();
      }
      String lost = next.lostBecause(from, length, true);
      return lost.isEmpty()
          ? "memory of somebody else failed: " + e
          : "the new backing can't hold it: " + lost;
    } catch (RuntimeException closed) {
      return "its memory is gone: " + closed.getMessage();
    }
  }
}
