package holdfast.backend.mmap.internal;

/** Pages can't be tracked. The message is why, and what to do, as a sentence without full stop. */
final class UntrackableException extends Exception {
  private static final long serialVersionUID = 1;

  UntrackableException(String reason) {
    super(reason);
  }

  /** Why. */
  String reason() {
    return String.valueOf(getMessage());
  }
}
