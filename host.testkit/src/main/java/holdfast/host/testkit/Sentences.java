package holdfast.host.testkit;

import static org.junit.jupiter.api.Assertions.assertTrue;

/** Assertions about the messages of failures. */
public final class Sentences {
  private Sentences() {}

  /** Asserts that the message of {@code failure} contains {@code words}. */
  public static void assertNames(Throwable failure, String words) {
    assertTrue(
        String.valueOf(failure.getMessage()).contains(words),
        () -> "'" + failure.getMessage() + "' does not name '" + words + "'");
  }
}
