package holdfast.backend.api;

/**
 * Thrown when it is no longer known which pages of a block were written, only which may have been.
 */
public final class TrackingLostException extends RamBlockException {
  private static final long serialVersionUID = 1;

  private final long offset;
  private final String reason;

  /**
   * @param offset the first byte of the unknown part, which reaches to the end of the block
   * @param reason what failed, as a sentence without full stop
   */
  public TrackingLostException(RamBlockSpec spec, long offset, String reason) {
    super(
        spec,
        "which pages were written from offset "
            + offset
            + " on is not known: "
            + reason
            + "; take every page from there for written");
    this.offset = offset;
    this.reason = reason;
  }

  /** Returns the first byte of the unknown part. */
  public long offset() {
    return offset;
  }

  /** Returns what failed. */
  public String reason() {
    return reason;
  }
}
