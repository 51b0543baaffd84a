package holdfast.start;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

/** What reaches the terminal of a sentence. */
class OneLineTest {
  @Test
  @DisplayName("controls of both kinds, bidirectional ones and line ends are written as escapes")
  void escapes() {
    assertEquals(
        "/a\\u001b[31m\\u009b1m\\u202e\\u2066\\u2028\\u000ab\\udb40\\udc01\\ud800",
        OneLine.of("/a\u001b[31m\u009b1m\u202e\u2066\u2028\nb\udb40\udc01\ud800"));
  }

  @Test
  @DisplayName("letters of every script stay as they are")
  void letters() {
    assertEquals("/Größe 大 \ud83d\ude00 é", OneLine.of("/Größe 大 \ud83d\ude00 é"));
  }
}
