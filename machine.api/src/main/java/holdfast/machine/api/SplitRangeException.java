package holdfast.machine.api;

import holdfast.backend.api.ByteSize;

/** A range requested as one segment lies in more than one device. */
public final class SplitRangeException extends GuestMemoryException {
  private static final long serialVersionUID = 1;

  private final transient MemoryDevice device;
  private final transient ByteSize available;

  /**
   * @param address first address of the range
   * @param length number of bytes of the range
   * @param device the device of its first byte
   * @param available how many of its bytes this device has
   */
  public SplitRangeException(
      GuestAddress address, long length, MemoryDevice device, ByteSize available) {
    super(
        address,
        length,
        "only the first "
            + available.bytes()
            + " are in "
            + describe(device)
            + ", the next ones in another device; ask for each part by itself, or copy with read"
            + " and write");
    this.device = device;
    this.available = available;
  }

  /** Returns the device of the first byte. */
  public MemoryDevice device() {
    return device;
  }

  /** Returns how many bytes of the range that device has. */
  public ByteSize available() {
    return available;
  }
}
