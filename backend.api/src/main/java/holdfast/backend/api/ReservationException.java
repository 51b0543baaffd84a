package holdfast.backend.api;

/** Thrown when {@code reserve=off} was requested and would have no effect on this host. */
public final class ReservationException extends RamBlockException {
  private static final long serialVersionUID = 1;

  private final String reason;

  /**
   * @param reason why it would have no effect, as half a sentence
   */
  public ReservationException(RamBlockSpec spec, String reason) {
    super(
        spec,
        "reserve=off can't be had: "
            + reason
            + "; set reserve=on, or sysctl vm.overcommit_memory to 0 or 1");
    this.reason = reason;
  }

  /** Returns why it would have no effect. */
  public String reason() {
    return reason;
  }
}
