package holdfast.backend.api;

/** A live block can't be re-mapped in place. */
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

  /** Why. */
  public String reason() {
    return reason;
  }
}
