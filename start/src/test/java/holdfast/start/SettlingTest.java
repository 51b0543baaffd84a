package holdfast.start;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Duration;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

/** How long the end waits for the start. */
class SettlingTest {
  private static final Duration SHORT = Duration.ofMillis(20);
  private static final Duration LONG = Duration.ofMinutes(5);
  private static final Duration LIMIT = Duration.ofSeconds(30);

  @Test
  @DisplayName("a start that hangs before it has made anything is not waited for")
  void nothingMade() {
    assertTimeoutPreemptively(
        LIMIT, () -> assertFalse(new Settling(SHORT, LONG).await(() -> false)));
  }

  @Test
  @DisplayName("nor is one that hangs later, for longer than its limit")
  void somethingMade() {
    assertTimeoutPreemptively(
        LIMIT, () -> assertFalse(new Settling(SHORT, SHORT.multipliedBy(2)).await(() -> true)));
  }

  @Test
  @DisplayName("one that goes on is waited for, to take away what it makes")
  void goesOn() {
    assertTimeoutPreemptively(
        LIMIT,
        () -> {
          Settling settling = new Settling(SHORT, LONG);
          assertTrue(
              settling.await(
                  () -> {
                    // it is asked when the first limit has passed, before the second begins
                    Thread.ofPlatform().start(settling::settle);
                    return true;
                  }));
        });
  }
}
