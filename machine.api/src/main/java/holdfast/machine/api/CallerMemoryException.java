package holdfast.machine.api;

/**
 * An access met a page that the host can't provide, and it is none of the guest's: the other side
 * of a copy, or memory that the same thread accessed before, maps a file that was truncated or
 * whose disk is full or failed. The guest's memory is whole and its region goes on. Part of the
 * access may have been done.
 */
public final class CallerMemoryException extends GuestMemoryException {
  private static final long serialVersionUID = 1;

  /** The access of {@code length} bytes at {@code address} met the error {@code cause}. */
  public CallerMemoryException(GuestAddress address, long length, InternalError cause) {
    super(
        address,
        length,
        "the guest's memory can be accessed there, but other memory of this thread can't: what it"
            + " gave as source or target, or accessed just before, maps a file that was truncated,"
            + " or whose disk is full or failed; look at that file, and repeat the access");
    initCause(cause);
  }
}
