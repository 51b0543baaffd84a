package holdfast.machine.api;

import org.osgi.annotation.versioning.ProviderType;

/**
 * An access to guest memory that can't be done. There is one subtype for each cause. The message is
 * one sentence that names the access, the device and the memory backend, and says what to do.
 */
@ProviderType
public abstract sealed class GuestMemoryException extends RuntimeException
    permits CallerMemoryException,
        LostMemoryException,
        MisalignedAddressException,
        ReadOnlyDeviceException,
        SplitRangeException,
        UnmappedAddressException {
  private static final long serialVersionUID = 1;

  private final transient GuestAddress address;
  private final long length;

  GuestMemoryException(GuestAddress address, long length, String what) {
    super(
        (length == 1 ? "1 byte" : length + " bytes")
            + " at guest address "
            + address
            + ": "
            + what);
    this.address = address;
    this.length = length;
  }

  /** Returns the first address of the access. */
  public GuestAddress address() {
    return address;
  }

  /** Returns the number of bytes of the access. */
  public long length() {
    return length;
  }

  static String describe(MemoryDevice device) {
    return device.driver() + " '" + device.id() + "' at " + device.range();
  }
}
