package holdfast.host.testkit;

import static org.junit.jupiter.api.Assertions.assertTrue;

/** What failures say to people. */
public final class Sentences {
  private Sentences() {}

  /** Asserts that the sentence of {@code failure} holds {@code words}. */
  public static void assertNames(Throwable failure, String words) {
    assertTrue(
        String.valueOf(failure.getMessage()).contains(words),
        () -> "'" + failure.getMessage() + "' does not name '" + words + "'");
  }
}
