package holdfast.machine.api;

/** The phases of a live swap, in their order. */
public enum SwapPhase {
  /** The swap is planned: what will change, and whether that is possible. Nothing is touched. */
  PLAN("plan"),
  /** The new backing is created, locked, allocated and mapped at addresses of its own. */
  PREPARE("prepare"),
  /**
   * The bytes are copied in rounds; each round copies the pages that were written during the last
   * one.
   */
  COPY("copy"),
  /** Every page is compared, if requested. */
  VERIFY("verify"),
  /** Writers pause, the last pages are copied, and the new backing replaces the old one. */
  SWITCH("switch"),
  /** The old backing is released. */
  RELEASE("release"),
  /** The swap succeeded: the new backing serves. */
  DONE("done"),
  /** The swap failed or was cancelled: the old backing serves as before. */
  ROLLED_BACK("rolled back");

  private final String label;

  SwapPhase(String label) {
    this.label = label;
  }

  /** Returns whether this phase is the last one of a swap. */
  public boolean isEnd() {
    return this == DONE || this == ROLLED_BACK;
  }

  /** Returns this phase in words. */
  @Override
  public String toString() {
    return label;
  }
}
