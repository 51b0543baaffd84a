package holdfast.backend.api;

import java.util.Locale;

/**
 * A number of bytes: the size of a file, a block or a page.
 *
 * @param bytes 0 or more
 */
public record ByteSize(long bytes) implements Comparable<ByteSize> {
  /** Zero bytes. */
  public static final ByteSize ZERO = new ByteSize(0);

  private static final String SUFFIXES = "KMGTPE";

  /** The length up to which the exact form is easily read. */
  private static final int SHORT = 4;

  /**
   * @throws IllegalArgumentException if {@code bytes} is negative
   */
  public ByteSize {
    if (bytes < 0) {
      throw new IllegalArgumentException("a size can't be negative: " + bytes);
    }
  }

  /**
   * Returns {@code count} times 1024 bytes.
   *
   * @throws IllegalArgumentException if {@code count} is negative
   * @throws ArithmeticException if the result is more than {@link Long#MAX_VALUE} bytes
   */
  public static ByteSize kib(long count) {
    return new ByteSize(Math.multiplyExact(count, 1L << 10));
  }

  /**
   * Returns {@code count} times 1024<sup>2</sup> bytes.
   *
   * @throws IllegalArgumentException if {@code count} is negative
   * @throws ArithmeticException if the result is more than {@link Long#MAX_VALUE} bytes
   */
  public static ByteSize mib(long count) {
    return new ByteSize(Math.multiplyExact(count, 1L << 20));
  }

  /**
   * Returns {@code count} times 1024<sup>3</sup> bytes.
   *
   * @throws IllegalArgumentException if {@code count} is negative
   * @throws ArithmeticException if the result is more than {@link Long#MAX_VALUE} bytes
   */
  public static ByteSize gib(long count) {
    return new ByteSize(Math.multiplyExact(count, 1L << 30));
  }

  @Override
  public int compareTo(ByteSize other) {
    return Long.compare(bytes, other.bytes);
  }

  /**
   * Returns the shortest exact form of this size for an option whose sizes are in bytes: a whole
   * number followed by the largest suffix from K to E (powers of 1024) that leaves it whole, such
   * as {@code 256M}, {@code 1536K} or {@code 1000}.
   */
  @Override
  public String toString() {
    int power = bytes == 0 ? 0 : Math.min(Long.numberOfTrailingZeros(bytes) / 10, 6);
    String suffix = power == 0 ? "" : SUFFIXES.substring(power - 1, power);
    return (bytes >> (10 * power)) + suffix;
  }

  /**
   * Returns this size for people to read: the exact form if that is short, such as {@code 256M},
   * else the size to one decimal place in the largest unit that leaves at least 1, such as {@code
   * 77.5 GiB}.
   */
  public String rounded() {
    String exact = toString();
    int power = bytes == 0 ? 0 : (63 - Long.numberOfLeadingZeros(bytes)) / 10;
    if (power == 0 || exact.length() <= SHORT) {
      return exact;
    }
    double count = bytes / Math.scalb(1.0, 10 * power);
    return String.format(Locale.ROOT, "%.1f %siB", count, SUFFIXES.charAt(power - 1));
  }
}
