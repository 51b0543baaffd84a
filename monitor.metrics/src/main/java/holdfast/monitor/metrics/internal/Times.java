package holdfast.monitor.metrics.internal;

import java.time.Duration;
import java.util.Arrays;

/**
 * How often something took how long.
 *
 * @param bounds the upper bounds of the counts but the last, in seconds, the least first
 * @param counts how many were in each, and no less than the one before
 * @param sum how long all took together, in seconds
 */
@SuppressWarnings("ArrayRecordComponent") // handed on, and not compared
public record Times(double[] bounds, long[] counts, double sum) {
  private static final double NANOS = 1e9;

  /** Returns one in which there is nothing. */
  static Times none(double... bounds) {
    return new Times(bounds, new long[bounds.length + 1], 0);
  }

  /** Returns this with one more. */
  Times plus(Duration time) {
    double seconds = seconds(time);
    int at = 0;
    while (at < bounds.length && seconds > bounds[at]) {
      at++;
    }
    long[] more = counts.clone();
    more[at]++;
    return new Times(bounds, more, sum + seconds);
  }

  /** Returns how many there were. */
  public long number() {
    return Arrays.stream(counts).sum();
  }

  /** Returns a time in seconds. */
  public static double seconds(Duration time) {
    return time.toNanos() / NANOS;
  }
}
