package holdfast.launcher.internal.options;

/** Shows text that the operator wrote inside a sentence: on one line, printable, never long. */
final class Excerpt {
  private static final int LONGEST_VALUE = 80;
  private static final int LONGEST_REASON = 300;

  private Excerpt() {}

  /** A key or a value, cut after 80 characters, what can't be printed written as escapes. */
  static String of(String text) {
    return text.isEmpty() ? "''" : cut(text, LONGEST_VALUE);
  }

  /** Another's sentence, cut after 300 characters, what can't be printed written as escapes. */
  static String ofReason(String text) {
    return cut(text, LONGEST_REASON);
  }

  private static String cut(String text, int longest) {
    StringBuilder shown = new StringBuilder();
    text.codePoints().limit(longest).forEach(c -> append(shown, c));
    if (text.codePointCount(0, text.length()) > longest) {
      shown.append("... (").append(text.length()).append(" characters)");
    }
    return shown.toString();
  }

  private static void append(StringBuilder shown, int codePoint) {
    switch (Character.getType(codePoint)) {
      case Character.CONTROL,
          Character.FORMAT,
          Character.SURROGATE,
          Character.PRIVATE_USE,
          Character.UNASSIGNED,
          Character.LINE_SEPARATOR,
          Character.PARAGRAPH_SEPARATOR ->
          shown.append("\\u").append("%04x".formatted(codePoint));
      default -> shown.appendCodePoint(codePoint);
    }
  }
}
