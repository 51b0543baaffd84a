package holdfast.backend.api;

/** It is not known any more which pages of a block were written, only which ones may have been. */
public final class TrackingLostException extends RamBlockException {
  private static final long serialVersionUID = 1;

  private final long offset;
  private final String reason;

  /**
   * @param offset the first byte of what is not known, which reaches to the end of the block
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

  /** The first byte of what is not known. */
  public long offset() {
    return offset;
  }

  /** What failed. */
  public String reason() {
    return reason;
  }
}
