package holdfast.machine.api;

/**
 * An access met a page that the host can't provide and that is not the guest's. The page belongs to
 * the other side of a copy, or to memory that the same thread accessed before; it maps a file that
 * was truncated, or whose disk is full or failed. The guest's memory is intact and its region keeps
 * serving. Part of the access may have been done.
 */
public final class CallerMemoryException extends GuestMemoryException {
  private static final long serialVersionUID = 1;

  /**
   * Reports that the access of {@code length} bytes at {@code address} met the error {@code cause}.
   */
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
