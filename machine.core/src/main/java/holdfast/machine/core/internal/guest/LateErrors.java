package holdfast.machine.core.internal.guest;

/**
 * Makes the JVM report an access to a lost page at once. The JVM throws the {@link InternalError}
 * at the thread's next safepoint poll; in compiled code that may be in the caller's code, long
 * after the access has returned (JDK 25.0.3).
 */
final class LateErrors {
  /**
   * Never true. Read anew each time, so that the compiler keeps the loop below as one that may go
   * on, and the poll at its back edge: it removes a poll that is in no loop of its own from a
   * caller's loop. Being volatile, it also keeps the access before the poll.
   */
  private static volatile boolean again;

  private LateErrors() {}

  /**
   * Passes a safepoint poll. Must be called within the {@code try} of the access.
   *
   * @throws InternalError if an access of this thread has met a lost page
   */
  static void await() {
    boolean more = true;
    while (more) {
      more = again;
      // the poll is between one round and the next
    }
  }
}
