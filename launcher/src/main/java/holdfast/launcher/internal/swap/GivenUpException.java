package holdfast.launcher.internal.swap;

/** A live swap can't be done, and is rolled back; the message says why, as half a sentence. */
final class GivenUpException extends Exception {
  private static final long serialVersionUID = 1;

  GivenUpException(String reason) {
    super(reason);
  }
}
