package holdfast.machine.copy;

import holdfast.backend.api.RamBlockException;
import holdfast.machine.api.SwapLimits;
import java.io.IOException;
import java.time.Duration;
import java.util.function.Supplier;
import org.osgi.annotation.versioning.ConsumerType;

/**
 * Copies memory while its writers run, in rounds: each round copies what was dirtied during the
 * last one, until the rest is small enough to be copied during the writers' pause. Used by one
 * thread.
 *
 * @param <D> what is dirty and not yet copied: of one region, or of several
 */
public final class PreCopyLoop<D extends PreCopyLoop.Dirty> {
  /** While rounds shrink at least by this factor, another one costs less than it saves. */
  private static final double SHRINKS = 0.7;

  /** Below this fraction (1/n) of the limit, another round saves nothing. */
  private static final int SHORT_ENOUGH = 10;

  private final Supplier<SwapLimits> present;
  private final Work<D> work;
  private int round;
  private long copyRate;
  private long shortestPersist = Long.MAX_VALUE;

  /** What is dirty and not yet copied. */
  @ConsumerType
  public interface Dirty {
    /** Returns how many bytes that are. */
    long bytes();
  }

  /**
   * The steps of a round.
   *
   * @param <D> what is dirty and not yet copied
   */
  @ConsumerType
  public interface Work<D extends Dirty> {
    /** Called before a round begins. */
    void begin(int round) throws IOException;

    /**
     * Copies what is dirty.
     *
     * @return how long it took, in ns, without the waits for a bandwidth limit
     */
    long copy(D dirty) throws IOException, GivenUpException;

    /**
     * Makes what was copied durable, as far as possible, before the dirty ranges are collected.
     *
     * @return how long it took, in ns
     */
    long persist() throws RamBlockException, IOException;

    /** Returns what was stored into since the last call. */
    D collect() throws RamBlockException, IOException, GivenUpException, InterruptedException;

    /** Called when a round is over. */
    void end(Round ended);
  }

  /**
   * A round that is over.
   *
   * @param number from 1
   * @param dirty bytes that were found dirty after it
   * @param dirtyRate bytes a second that were dirtied during it
   * @param copyRate bytes a second that were copied in it
   * @param pause how long writers would have to pause now: to find and copy what is dirty, and to
   *     persist it
   */
  public record Round(int number, long dirty, long dirtyRate, long copyRate, Duration pause) {}

  /**
   * @param limits how long writers may pause, and after how many rounds to give up
   */
  public PreCopyLoop(SwapLimits limits, Work<D> work) {
    this(() -> limits, work);
  }

  /**
   * @param limits returns how long writers may pause by now, and after how many rounds to give up;
   *     asked at the end of each round
   */
  public PreCopyLoop(Supplier<SwapLimits> limits, Work<D> work) {
    this.present = limits;
    this.work = work;
  }

  /**
   * Copies until the rest is small enough. A later call continues the count of rounds.
   *
   * @param all what is dirty and not yet copied
   * @return what is dirty and not yet copied at the end
   * @throws GivenUpException if too much is left after all rounds
   */
  public D run(D all)
      throws RamBlockException, IOException, GivenUpException, InterruptedException {
    D pending = all;
    while (true) {
      round++;
      work.begin(round);
      long before = System.nanoTime();
      long copied = pending.bytes();
      long copyTime = work.copy(pending);
      long persistTime = work.persist();
      long end = System.nanoTime();
      long whole = end - before;

      D found = work.collect();
      long collectTime = System.nanoTime() - end;
      copyRate = copied > 0 ? perSecond(copied, copyTime) : copyRate;
      Duration rest =
          copyTime(found.bytes(), copyRate)
              .plusNanos(persistTime(found.bytes(), copied, persistTime));
      Duration pause = rest.plusNanos(collectTime);
      work.end(new Round(round, found.bytes(), perSecond(found.bytes(), whole), copyRate, pause));

      SwapLimits limits = present.get();
      boolean fits = found.bytes() == 0 || rest.compareTo(limits.downtime()) <= 0;
      boolean shrinks = found.bytes() < copied * SHRINKS;
      boolean shortEnough = rest.multipliedBy(SHORT_ENOUGH).compareTo(limits.downtime()) <= 0;
      boolean last = round >= limits.rounds();
      if (fits && (shortEnough || !shrinks || last)) {
        return found;
      }
      if (last) {
        throw new GivenUpException(
            "after "
                + round
                + " rounds writers would still have to pause for "
                + rest.toMillis()
                + " ms, which is more than the downtime limit of "
                + limits.downtime().toMillis()
                + " ms: raise the limit or the bandwidth, or let the guest write less");
      }
      pending = found;
    }
  }

  /**
   * Returns how long a persist of some bytes will take: as long as for as many in the last round,
   * but no less than the shortest one so far.
   */
  private long persistTime(long bytes, long persisted, long nanos) {
    shortestPersist = Math.min(shortestPersist, nanos);
    return bytes == 0 || persisted == 0
        ? shortestPersist
        : Math.max(shortestPersist, (long) ((double) nanos * bytes / persisted));
  }

  private static Duration copyTime(long bytes, long bytesPerSecond) {
    return Duration.ofNanos((long) (bytes * 1e9 / Math.max(1, bytesPerSecond)));
  }

  private static long perSecond(long bytes, long nanos) {
    return (long) (bytes * 1e9 / Math.max(1, nanos));
  }
}
