package holdfast.itest;

import java.time.Duration;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Predicate;
import java.util.function.Supplier;

/** Waits for what another thread is about to do, never for ever. */
final class Await {
  private static final Duration LIMIT = Duration.ofSeconds(120);
  private static final long PAUSE_NANOS = 200_000;

  private Await() {}

  /**
   * Asks until the answer is as wanted.
   *
   * @param what the words for it, for the report
   * @return the answer
   * @throws AssertionError with the last answer if the limit is reached
   */
  static <T> T until(String what, Supplier<T> question, Predicate<? super T> wanted) {
    long end = System.nanoTime() + LIMIT.toNanos();
    while (true) {
      T answer = question.get();
      if (wanted.test(answer)) {
        return answer;
      }
      if (System.nanoTime() > end) {
        throw new AssertionError(
            "not " + what + " within " + LIMIT.toSeconds() + " s, but: " + answer);
      }
      LockSupport.parkNanos(PAUSE_NANOS);
    }
  }

  /** Waits for the end of a thread that has been told to end. */
  static void end(Thread thread) {
    try {
      if (!thread.join(LIMIT)) {
        throw new AssertionError("the thread " + thread.getName() + " does not end");
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new AssertionError("interrupted", e);
    }
  }
}
