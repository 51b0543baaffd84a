package holdfast.backend.api;

/** Thrown when a live block can't be re-mapped or replaced in place. */
public final class RemapRefusedException extends RamBlockException {
  private static final long serialVersionUID = 1;

  private final String reason;

  /**
   * @param reason why, as a sentence without full stop
   */
  public RemapRefusedException(RamBlockSpec spec, String reason) {
    super(spec, "stays where it is: " + reason);
    this.reason = reason;
  }

  /** Returns why. */
  public String reason() {
    return reason;
  }
}
