package holdfast.machine.copy;

/** A live swap can't be completed, and is rolled back; the message says why, as half a sentence. */
public final class GivenUpException extends Exception {
  private static final long serialVersionUID = 1;

  public GivenUpException(String reason) {
    super(reason);
  }
}
