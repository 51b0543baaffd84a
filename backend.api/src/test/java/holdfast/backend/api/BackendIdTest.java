package holdfast.backend.api;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.TreeSet;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class BackendIdTest {

  @ParameterizedTest
  @ValueSource(strings = {"a", "Z", "nv_be4", "mem-1.2_x", "a-", "A..", "x0"})
  @DisplayName("a letter, then letters, digits, '-', '.' and '_', is an id")
  void wellFormed(String value) {
    assertTrue(BackendId.isWellFormed(value));
    assertEquals(value, new BackendId(value).toString());
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "1a", "-a", "_a", ".a", "a b", "a/b", "ä", "aé", "a\n", "a,b", "a=b"})
  @DisplayName("anything else is none, and the sentence says the word")
  void illFormed(String value) {
    assertFalse(BackendId.isWellFormed(value));
    String sentence =
        assertThrows(IllegalArgumentException.class, () -> new BackendId(value)).getMessage();
    assertTrue(sentence.contains("'" + value + "'"), sentence);
  }

  @Test
  @DisplayName("ids are in the order of their characters")
  void ordered() {
    TreeSet<BackendId> ids =
        new TreeSet<>(List.of(new BackendId("b"), new BackendId("a10"), new BackendId("a2")));
    assertEquals("[a10, a2, b]", ids.toString());
  }
}
