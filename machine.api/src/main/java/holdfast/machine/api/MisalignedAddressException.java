package holdfast.machine.api;

/**
 * An ordered access at an address that is not a multiple of its width. Nothing was read or written.
 */
public final class MisalignedAddressException extends GuestMemoryException {
  private static final long serialVersionUID = 1;

  /**
   * @param address first address of the access
   * @param width number of bytes of the access
   */
  public MisalignedAddressException(GuestAddress address, long width) {
    super(
        address,
        width,
        "an ordered access is only atomic at a multiple of its width; access a multiple of "
            + width
            + ", or use the plain methods, which take every address");
  }
}
