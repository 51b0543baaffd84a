package holdfast.backend.api;

/** Thrown when the written pages of a block can't be tracked. */
public final class TrackingRefusedException extends RamBlockException {
  private static final long serialVersionUID = 1;

  private final String reason;

  /**
   * @param reason why, and what to do about it, as a sentence without full stop
   */
  public TrackingRefusedException(RamBlockSpec spec, String reason) {
    super(spec, "which pages are written can't be tracked: " + reason);
    this.reason = reason;
  }

  /** Returns why, and what to do about it. */
  public String reason() {
    return reason;
  }
}
