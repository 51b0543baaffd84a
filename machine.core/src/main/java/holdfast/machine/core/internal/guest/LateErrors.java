package holdfast.machine.core.internal.guest;

/**
 * Makes the JVM report an access to a lost page at once. The JVM throws the {@link InternalError}
 * at the thread's next safepoint poll; in compiled code that may be in the caller's code, long
 * after the access has returned (JDK 25.0.3).
 */
final class LateErrors {
  /** Read anew each time, so that the compiler keeps the loop below, and its back edge the poll. */
  private static volatile int polls = 2;

  private LateErrors() {}

  /**
   * Passes a safepoint poll. Must be called within the {@code try} of the access.
   *
   * @throws InternalError if an access of this thread has met a lost page
   */
  static void await() {
    for (long poll = 0; poll < polls; poll++) {
      // the poll is between one round and the next
    }
  }
}
