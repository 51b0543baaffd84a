package holdfast.backend.mmap.internal;

/**
 * Thrown when pages can't be tracked. The message says why, and what to do, as a sentence without
 * full stop.
 */
final class UntrackableException extends Exception {
  private static final long serialVersionUID = 1;

  UntrackableException(String reason) {
    super(reason);
  }

  /** Returns why. */
  String reason() {
    return String.valueOf(getMessage());
  }
}
