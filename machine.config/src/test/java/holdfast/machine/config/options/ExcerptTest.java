package holdfast.machine.config.options;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

/** What an operator wrote can be read in a sentence, and can't break it. */
class ExcerptTest {

  @Test
  @DisplayName("in quotes only where the end could not be seen otherwise")
  void quotes() {
    assertEquals("on", Excerpt.of("on"));
    assertEquals("''", Excerpt.of(""));
    assertEquals("'on '", Excerpt.of("on "));
    assertEquals("'a b'", Excerpt.of("a b"));
    assertEquals("'a\u00a0b'", Excerpt.of("a\u00a0b"));
    assertEquals("\"a b\"", Excerpt.quoted("a b", "\""));
  }

  @Test
  @DisplayName("what can't be printed is written as escapes, as in Java")
  void escapes() {
    assertEquals("a\\u0000\\u001b[2Jb", Excerpt.of("a\0\u001b[2Jb"));
    assertEquals("'a\\u000ab\\u2028c'", Excerpt.of("a\nb\u2028c"));
    assertEquals("\\u202ea\\ud83d", Excerpt.of("\u202ea\ud83d"));
    assertEquals("\\udb40\\udc01\ud83d\ude00", Excerpt.of("\udb40\udc01\ud83d\ude00"));
  }

  @Test
  @DisplayName("cut after 80 characters, with how many there are")
  void cut() {
    assertEquals("a".repeat(80), Excerpt.of("a".repeat(80)));
    assertEquals("a".repeat(80) + "... (81 characters)", Excerpt.of("a".repeat(81)));
    assertEquals("'" + "a ".repeat(40) + "'... (82 characters)", Excerpt.of("a ".repeat(41)));
  }

  @Test
  @DisplayName("cut where its escapes have 80 characters")
  void cutEscapes() {
    assertEquals("\\u0000".repeat(13) + "... (14 characters)", Excerpt.of("\0".repeat(14)));
    assertEquals("\\ud83d".repeat(13) + "... (100 characters)", Excerpt.of("\ud83d".repeat(100)));
  }

  @Test
  @DisplayName("a whole sentence keeps its length, on one line")
  void sentence() {
    assertEquals("a\\u000ab" + "c".repeat(9000), Excerpt.onOneLine("a\nb" + "c".repeat(9000)));
  }
}
