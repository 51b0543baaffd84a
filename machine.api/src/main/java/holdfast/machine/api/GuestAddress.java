package holdfast.machine.api;

import holdfast.backend.api.Alignment;

/**
 * A guest physical address: an unsigned 64-bit number. Never an offset and never a host address.
 *
 * @param value the 64 bits; a negative {@code long} is an address of 2^63 or above
 */
public record GuestAddress(long value) implements Comparable<GuestAddress> {
  /** The lowest guest address. */
  public static final GuestAddress ZERO = new GuestAddress(0);

  /** The highest guest address, 2^64-1. */
  public static final GuestAddress MAX = new GuestAddress(-1);

  /**
   * Returns the address {@code offset} bytes above this one.
   *
   * @param offset bytes, not negative
   * @throws ArithmeticException if the result is above {@link #MAX}
   * @throws IllegalArgumentException if {@code offset} is negative
   */
  public GuestAddress plus(long offset) {
    if (offset < 0) {
      throw new IllegalArgumentException("offset " + offset + " is negative");
    }
    long sum = value + offset;
    if (Long.compareUnsigned(sum, value) < 0) {
      throw new ArithmeticException(
          this + " + 0x" + Long.toHexString(offset) + " is above the last guest address " + MAX);
    }
    return new GuestAddress(sum);
  }

  /**
   * Returns how many bytes this address is above {@code base}, as an unsigned number: a negative
   * {@code long} is 2^63 or more.
   *
   * @throws ArithmeticException if this address is below {@code base}
   */
  public long offsetFrom(GuestAddress base) {
    if (compareTo(base) < 0) {
      throw new ArithmeticException(this + " is below " + base);
    }
    return value - base.value;
  }

  /** Returns whether this address is a multiple of {@code align}. */
  public boolean isAligned(Alignment align) {
    return align.divides(value);
  }

  /** Compares as unsigned numbers. */
  @Override
  public int compareTo(GuestAddress other) {
    return Long.compareUnsigned(value, other.value);
  }

  /** Returns this address in hexadecimal, with {@code 0x} and no leading zeros. */
  @Override
  public String toString() {
    return "0x" + Long.toHexString(value);
  }
}
