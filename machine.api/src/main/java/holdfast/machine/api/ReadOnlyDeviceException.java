package holdfast.machine.api;

/** A write met a device that can't be written. Nothing was written, not even to other devices. */
public final class ReadOnlyDeviceException extends GuestMemoryException {
  private static final long serialVersionUID = 1;

  private final transient MemoryDevice device;

  /** Reports that a write of {@code length} bytes to {@code address} met {@code device}. */
  public ReadOnlyDeviceException(GuestAddress address, long length, MemoryDevice device) {
    super(
        address,
        length,
        "can't be written, since memory backend '"
            + device.region().id()
            + "' behind "
            + describe(device)
            + " is read-only; write elsewhere, or open that backend for writing");
    this.device = device;
  }

  /** Returns the device that can't be written. */
  public MemoryDevice device() {
    return device;
  }
}
