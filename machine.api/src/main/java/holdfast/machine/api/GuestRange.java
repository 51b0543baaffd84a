package holdfast.machine.api;

import holdfast.backend.api.ByteSize;

/**
 * A non-empty range of consecutive guest addresses. Can end at {@link GuestAddress#MAX}; never
 * wraps.
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
   * Returns the range of {@code size} bytes that begins at {@code first}.
   *
   * @throws ArithmeticException if the range would end above {@link GuestAddress#MAX}
   * @throws IllegalArgumentException if {@code size} is 0
   */
  public static GuestRange of(GuestAddress first, ByteSize size) {
    return new GuestRange(first, first.plus(size.bytes() - 1));
  }

  /** Returns whether {@code address} is in this range. */
  public boolean contains(GuestAddress address) {
    return first.compareTo(address) <= 0 && address.compareTo(last) <= 0;
  }

  /** Returns whether every address of {@code other} is in this range. */
  public boolean contains(GuestRange other) {
    return contains(other.first) && contains(other.last);
  }

  /** Returns whether the two ranges have an address in common. */
  public boolean overlaps(GuestRange other) {
    return first.compareTo(other.last) <= 0 && other.first.compareTo(last) <= 0;
  }

  @Override
  public String toString() {
    return "[" + first + ", " + last + "]";
  }
}
