package holdfast.host.testkit;

/**
 * A range of host addresses.
 *
 * @param from the first address
 * @param to the first address behind it
 */
public record AddressRange(long from, long to) {

  /** The number of bytes. */
  public long length() {
    return to - from;
  }

  /** Whether {@code address} is one of them. */
  public boolean holds(long address) {
    return Long.compareUnsigned(from, address) <= 0 && Long.compareUnsigned(address, to) < 0;
  }

  @Override
  public String toString() {
    return Long.toHexString(from) + "-" + Long.toHexString(to);
  }
}
