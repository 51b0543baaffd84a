package holdfast.machine.api;

/**
 * The host can't provide a page of the memory. Part of the access may have been done, and earlier
 * stores into the same region may be lost, because the JVM reports the fault late. The region is
 * {@link RegionState#FAILED}.
 */
public final class LostMemoryException extends GuestMemoryException {
  private static final long serialVersionUID = 1;

  private final transient MemoryDevice device;

  /**
   * Reports that the access of {@code length} bytes at {@code address} met the error {@code cause}.
   */
  public LostMemoryException(
      GuestAddress address, long length, MemoryDevice device, Throwable cause) {
    super(
        address,
        length,
        "the host can't provide a page of memory backend '"
            + device.region().id()
            + "' behind "
            + describe(device)
            + "; its file was truncated, or its disk is full or failed: stop the guest and look at "
            + device.region().backing());
    initCause(cause);
    this.device = device;
  }

  /** Returns the device that was accessed. */
  public MemoryDevice device() {
    return device;
  }
}
