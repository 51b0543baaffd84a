package holdfast.machine.core.internal.guest;

/**
 * Makes the JVM tell at once of an access to a page that is lost. It throws the {@link
 * InternalError} at the next safepoint poll of the thread, which of compiled code may be in the
 * caller's code, long after the access has returned (JDK 25.0.3).
 */
final class LateErrors {
  /** Read anew each time, so that the loop below stays one, and its back edge keeps its poll. */
  private static volatile int polls = 2;

  private LateErrors() {}

  /**
   * Passes a safepoint poll. To be called within the {@code try} of the access.
   *
   * @throws InternalError if an access of this thread has met a lost page
   */
  static void await() {
    for (long poll = 0; poll < polls; poll++) {
      // the poll is between one round and the next
    }
  }
}
