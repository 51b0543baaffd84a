package holdfast.machine.api;

/** How far a live swap is, in the order of its phases. */
public enum SwapPhase {
  /** Finding out what will change, and whether it can be done. Nothing is touched. */
  PLAN("plan"),
  /** The new backing is made, locked, allocated and mapped at addresses of its own. */
  PREPARE("prepare"),
  /** The bytes are copied in rounds, each over the pages that were written during the last one. */
  COPY("copy"),
  /** Every page is compared, if that was asked for. */
  VERIFY("verify"),
  /** Writers pause, the last pages are copied, the new backing takes the place of the old one. */
  SWITCH("switch"),
  /** The old backing is let go. */
  RELEASE("release"),
  /** The new backing is in place. */
  DONE("done"),
  /** It failed or was cancelled: the old backing serves as before. */
  ROLLED_BACK("rolled back");

  private final String label;

  SwapPhase(String label) {
    this.label = label;
  }

  /** Whether nothing follows. */
  public boolean isEnd() {
    return this == DONE || this == ROLLED_BACK;
  }

  /** In words. */
  @Override
  public String toString() {
    return label;
  }
}
