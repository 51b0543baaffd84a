package holdfast.launcher.internal.options;

/** Shows text that the operator wrote inside a sentence: on one line, printable, never long. */
public final class Excerpt {
  private static final int LONGEST_VALUE = 80;
  private static final int LONGEST_REASON = 300;

  private Excerpt() {}

  /**
   * A key or a value, cut after 80 characters, in quotes if its end could not be seen otherwise,
   * what can't be printed written as escapes.
   */
  public static String of(String text) {
    return quoted(text, text.isEmpty() || text.codePoints().anyMatch(Excerpt::isBlank) ? "'" : "");
  }

  /** The same, in these quotes in any case. */
  static String quoted(String text, String quote) {
    return quote + cut(text, LONGEST_VALUE) + quote + lengthIfCut(text, LONGEST_VALUE);
  }

  /** Another's sentence, cut after 300 characters, what can't be printed written as escapes. */
  static String ofReason(String text) {
    return cut(text, LONGEST_REASON) + lengthIfCut(text, LONGEST_REASON);
  }

  /** A whole sentence, what can't be printed written as escapes: it stays on one line. */
  public static String onOneLine(String sentence) {
    return cut(sentence, Integer.MAX_VALUE);
  }

  private static boolean isBlank(int codePoint) {
    return Character.isWhitespace(codePoint) || Character.isSpaceChar(codePoint);
  }

  private static String cut(String text, int longest) {
    StringBuilder shown = new StringBuilder();
    text.codePoints().limit(longest).forEach(c -> append(shown, c));
    return shown.toString();
  }

  private static String lengthIfCut(String text, int longest) {
    return text.codePointCount(0, text.length()) > longest
        ? "... (" + text.length() + " characters)"
        : "";
  }

  private static void append(StringBuilder shown, int codePoint) {
    switch (Character.getType(codePoint)) {
      case Character.CONTROL,
          Character.FORMAT,
          Character.SURROGATE,
          Character.PRIVATE_USE,
          Character.UNASSIGNED,
          Character.LINE_SEPARATOR,
          Character.PARAGRAPH_SEPARATOR -> {
        for (char unit : Character.toChars(codePoint)) {
          shown.append("\\u%04x".formatted((int) unit));
        }
      }
      default -> shown.appendCodePoint(codePoint);
    }
  }
}
