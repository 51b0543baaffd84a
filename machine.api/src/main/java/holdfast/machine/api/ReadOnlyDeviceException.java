package holdfast.machine.api;

/** A write meets a device that can't be written. Nothing was written, to other devices neither. */
public final class ReadOnlyDeviceException extends GuestMemoryException {
  private static final long serialVersionUID = 1;

  private final transient MemoryDevice device;

  /** A write of {@code length} bytes to {@code address} meets {@code device}. */
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

  /** The device that can't be written. */
  public MemoryDevice device() {
    return device;
  }
}
