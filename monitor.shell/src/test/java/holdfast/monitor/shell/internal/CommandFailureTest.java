package holdfast.monitor.shell.internal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import holdfast.backend.api.HoldfastException;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

class CommandFailureTest {
  private static final class NewCauseException extends HoldfastException {
    private static final long serialVersionUID = 1;

    NewCauseException() {
      super("memory backend 'm0' can't be moved: it is pinned; unpin it");
    }
  }

  @Test
  @DisplayName("whatever has a sentence for the operator is printed as that sentence alone")
  void sentence() {
    CommandFailure failure =
        assertThrows(
            CommandFailure.class,
            () ->
                CommandFailure.orAnswer(
                    "ram:move",
                    () -> {
                      throw new NewCauseException();
                    }));
    assertEquals(
        "memory backend 'm0' can't be moved: it is pinned; unpin it", failure.getMessage());
  }
}
