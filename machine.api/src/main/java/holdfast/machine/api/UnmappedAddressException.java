package holdfast.machine.api;

import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** An address of the range has no memory. Nothing was read or written. */
public final class UnmappedAddressException extends GuestMemoryException {
  private static final long serialVersionUID = 1;

  private final transient @Nullable GuestAddress unmapped;
  private final transient @Nullable MemoryDevice nearest;

  /**
   * @param address first address of the access
   * @param length number of bytes of the access
   * @param unmapped the first address of the range without memory, or null if it has memory up to
   *     {@link GuestAddress#MAX} and extends past that
   * @param nearest the device nearest to that address, or null if there is no device any more: a
   *     machine has its base RAM until it ends
   */
  public UnmappedAddressException(
      GuestAddress address,
      long length,
      @Nullable GuestAddress unmapped,
      @Nullable MemoryDevice nearest) {
    super(address, length, sentence(unmapped, nearest));
    this.unmapped = unmapped;
    this.nearest = nearest;
  }

  private static String sentence(@Nullable GuestAddress unmapped, @Nullable MemoryDevice nearest) {
    if (unmapped == null) {
      return "the range runs past the last guest address "
          + GuestAddress.MAX
          + "; access less of it";
    }
    String missing = "no memory stands at " + unmapped;
    if (nearest == null) {
      return missing
          + ": the machine has ended, and its memory with it; let go of this guest memory";
    }
    return missing
        + "; the nearest device is "
        + describe(nearest)
        + "; access that, or plug a device where the access goes";
  }

  /**
   * Returns the first address of the range without memory; empty if the range extends past {@link
   * GuestAddress#MAX}.
   */
  public Optional<GuestAddress> unmapped() {
    return Optional.ofNullable(unmapped);
  }

  /** Returns the device nearest to that address; empty if the machine has ended. */
  public Optional<MemoryDevice> nearest() {
    return Optional.ofNullable(nearest);
  }
}
