package holdfast.machine.copy;

import holdfast.backend.api.RamBlockException;
import holdfast.machine.api.SwapLimits;
import java.io.IOException;
import java.time.Duration;

/**
 * Copies memory while its writers run, round by round: each round copies what was dirtied during
 * the one before, until so little is left that the rest fits into the writers' pause. Used by one
 * thread.
 */
public final class PreCopyLoop {
  /** As long as rounds still shrink like this, another one costs less than it saves. */
  private static final double SHRINKS = 0.7;

  /** Below this part of the limit there is nothing left to save. */
  private static final int SHORT_ENOUGH = 10;

  private final SwapLimits limits;
  private final Work work;
  private int round;
  private long copyRate;

  /** What is done in a round. */
  public interface Work {
    /** Is told of a round before it begins. */
    void begin(int round) throws IOException;

    /**
     * Copies ranges.
     *
     * @return for how long, in ns, not counting what a limit on the bandwidth made it wait
     */
    long copy(DirtyRanges ranges) throws IOException, GivenUpException;

    /** Makes what was copied durable, as far as it can be, before the next look. */
    void persist() throws RamBlockException, IOException;

    /** Adds what was stored to since the last look. */
    void collect(DirtyRanges into)
        throws RamBlockException, IOException, GivenUpException, InterruptedException;

    /** Is told of a round when it is over. */
    void end(Round ended);
  }

  /**
   * A round that is over.
   *
   * @param number from 1
   * @param dirty bytes that were found dirty after it
   * @param dirtyRate bytes a second that were dirtied during it
   * @param copyRate bytes a second that were copied in it
   * @param pause for how long writers would have to pause now
   */
  public record Round(int number, long dirty, long dirtyRate, long copyRate, Duration pause) {}

  /**
   * @param limits for how long writers may pause, and after how many rounds to give up
   */
  public PreCopyLoop(SwapLimits limits, Work work) {
    this.limits = limits;
    this.work = work;
  }

  /**
   * Copies until little enough is left. A later call goes on counting rounds.
   *
   * @param all what is dirty and not yet copied
   * @return what is dirty and not yet copied then
   * @throws GivenUpException if after all rounds too much is left
   */
  public DirtyRanges run(DirtyRanges all)
      throws RamBlockException, IOException, GivenUpException, InterruptedException {
    DirtyRanges pending = all;
    while (true) {
      round++;
      work.begin(round);
      long before = System.nanoTime();
      long copied = pending.bytes();
      long copyTime = work.copy(pending);
      work.persist();
      long whole = System.nanoTime() - before;

      DirtyRanges found = new DirtyRanges();
      work.collect(found);
      copyRate = copied > 0 ? perSecond(copied, copyTime) : copyRate;
      Duration pause = copyTime(found.bytes(), copyRate);
      work.end(new Round(round, found.bytes(), perSecond(found.bytes(), whole), copyRate, pause));

      boolean fits = pause.compareTo(limits.downtime()) <= 0;
      boolean shrinks = found.bytes() < copied * SHRINKS;
      boolean shortEnough = pause.multipliedBy(SHORT_ENOUGH).compareTo(limits.downtime()) <= 0;
      boolean last = round >= limits.rounds();
      if (fits && (shortEnough || !shrinks || last)) {
        return found;
      }
      if (last) {
        throw new GivenUpException(
            "after "
                + round
                + " rounds writers would still have to pause for "
                + pause.toMillis()
                + " ms, which is more than the downtime limit of "
                + limits.downtime().toMillis()
                + " ms: raise the limit or the bandwidth, or let the guest write less");
      }
      pending = found;
    }
  }

  private static Duration copyTime(long bytes, long bytesPerSecond) {
    return Duration.ofNanos((long) (bytes * 1e9 / Math.max(1, bytesPerSecond)));
  }

  private static long perSecond(long bytes, long nanos) {
    return (long) (bytes * 1e9 / Math.max(1, nanos));
  }
}
