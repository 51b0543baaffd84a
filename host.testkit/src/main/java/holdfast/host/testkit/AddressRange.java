package holdfast.host.testkit;

/**
 * A range of host addresses.
 *
 * @param from the first address
 * @param to the address after the last one
 */
public record AddressRange(long from, long to) {

  /** Returns the number of bytes. */
  public long length() {
    return to - from;
  }

  /** Returns whether {@code address} is in the range. */
  public boolean holds(long address) {
    return Long.compareUnsigned(from, address) <= 0 && Long.compareUnsigned(address, to) < 0;
  }

  @Override
  public String toString() {
    return Long.toHexString(from) + "-" + Long.toHexString(to);
  }
}
