package holdfast.machine.admin;

import java.time.Duration;
import java.util.List;
import java.util.stream.LongStream;

/**
 * How long persists took, as far as they were timed: each where the kernel writes pages back, one
 * in 64 of each thread where it takes less time than to look at a clock, which is where the CPU's
 * caches are flushed or nothing is to be done.
 *
 * @param counts how many persists took no longer than the bound of the same place in {@link
 *     #BOUNDS}, and longer than the one before; last, how many took longer than all
 * @param sum how long all that were timed took together
 */
public record PersistTimes(List<Long> counts, Duration sum) {
  private static final int DECADES = 8;

  /** From 100 ns to 10 s, three in each decade. */
  public static final List<Duration> BOUNDS = bounds();

  /**
   * @throws IllegalArgumentException if there is not one count for each bound and one more
   */
  public PersistTimes {
    counts = List.copyOf(counts);
    if (counts.size() != BOUNDS.size() + 1) {
      throw new IllegalArgumentException(counts.size() + " counts");
    }
  }

  private static List<Duration> bounds() {
    LongStream.Builder nanos = LongStream.builder();
    long decade = 100;
    for (int i = 0; i < DECADES; i++) {
      nanos.add(decade).add(decade * 5 / 2).add(decade * 5);
      decade *= 10;
    }
    return nanos.add(decade).build().mapToObj(Duration::ofNanos).toList();
  }

  /** Returns how many persists were timed. */
  public long timed() {
    return counts.stream().mapToLong(Long::longValue).sum();
  }
}
