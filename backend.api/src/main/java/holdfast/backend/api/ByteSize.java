package holdfast.backend.api;

import java.util.Locale;

/**
 * A number of bytes: the size of a file, of a block, of a page.
 *
 * @param bytes 0 or more
 */
public record ByteSize(long bytes) implements Comparable<ByteSize> {
  /** No bytes at all. */
  public static final ByteSize ZERO = new ByteSize(0);

  private static final String SUFFIXES = "KMGTPE";

  /** At most so many characters are easily read. */
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
   * {@code count} times 1024 bytes.
   *
   * @throws IllegalArgumentException if {@code count} is negative
   * @throws ArithmeticException if that is more than {@link Long#MAX_VALUE} bytes
   */
  public static ByteSize kib(long count) {
    return new ByteSize(Math.multiplyExact(count, 1L << 10));
  }

  /**
   * {@code count} times 1024<sup>2</sup> bytes.
   *
   * @throws IllegalArgumentException if {@code count} is negative
   * @throws ArithmeticException if that is more than {@link Long#MAX_VALUE} bytes
   */
  public static ByteSize mib(long count) {
    return new ByteSize(Math.multiplyExact(count, 1L << 20));
  }

  /**
   * {@code count} times 1024<sup>3</sup> bytes.
   *
   * @throws IllegalArgumentException if {@code count} is negative
   * @throws ArithmeticException if that is more than {@link Long#MAX_VALUE} bytes
   */
  public static ByteSize gib(long count) {
    return new ByteSize(Math.multiplyExact(count, 1L << 30));
  }

  @Override
  public int compareTo(ByteSize other) {
    return Long.compare(bytes, other.bytes);
  }

  /**
   * The shortest exact way to write this size in an option whose sizes are in bytes: a whole number
   * and the largest of the suffixes K to E (powers of 1024) that leaves one, such as {@code 256M},
   * {@code 1536K} or {@code 1000}.
   */
  @Override
  public String toString() {
    int power = bytes == 0 ? 0 : Math.min(Long.numberOfTrailingZeros(bytes) / 10, 6);
    String suffix = power == 0 ? "" : SUFFIXES.substring(power - 1, power);
    return (bytes >> (10 * power)) + suffix;
  }

  /**
   * For people: the exact form where that is short, such as {@code 256M}, else to one decimal place
   * in the largest unit that leaves one, such as {@code 77.5 GiB}.
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
