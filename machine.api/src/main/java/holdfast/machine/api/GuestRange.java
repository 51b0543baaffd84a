package holdfast.machine.api;

import holdfast.backend.api.ByteSize;

/**
 * Guest addresses in a row, at least one. Can end at {@link GuestAddress#MAX}; never wraps.
 *
 * @param first the lowest address
 * @param last the highest address, part of the range
 */
public record GuestRange(GuestAddress first, GuestAddress last) {

  /**
   * @throws IllegalArgumentException if {@code last} is below {@code first}
   */
  public GuestRange {
    if (last.compareTo(first) < 0) {
      throw new IllegalArgumentException("a range can't end at " + last + ", before " + first);
    }
  }

  /**
   * The {@code size} bytes from {@code first} on.
   *
   * @throws ArithmeticException if they don't end at or before {@link GuestAddress#MAX}
   * @throws IllegalArgumentException if {@code size} is 0
   */
  public static GuestRange of(GuestAddress first, ByteSize size) {
    return new GuestRange(first, first.plus(size.bytes() - 1));
  }

  /** Whether {@code address} is one of these. */
  public boolean contains(GuestAddress address) {
    return first.compareTo(address) <= 0 && address.compareTo(last) <= 0;
  }

  /** Whether every address of {@code other} is one of these. */
  public boolean contains(GuestRange other) {
    return contains(other.first) && contains(other.last);
  }

  /** Whether the two have an address in common. */
  public boolean overlaps(GuestRange other) {
    return first.compareTo(other.last) <= 0 && other.first.compareTo(last) <= 0;
  }

  @Override
  public String toString() {
    return "[" + first + ", " + last + "]";
  }
}
