package holdfast.machine.config.options;

/** Shows text that the operator wrote inside a sentence: on one line, printable, never long. */
public final class Excerpt {
  private static final int LONGEST_VALUE = 80;
  private static final int LONGEST_REASON = 300;

  private Excerpt() {}

  /**
   * A key or a value: what can't be printed written as escapes, cut after 80 characters, in quotes
   * if its end could not be seen otherwise.
   */
  public static String of(String text) {
    return quoted(text, text.isEmpty() || text.codePoints().anyMatch(Excerpt::isBlank) ? "'" : "");
  }

  /** The same, in these quotes in any case. */
  static String quoted(String text, String quote) {
    return shown(text, quote, LONGEST_VALUE);
  }

  /** Another's sentence, cut after 300 characters, what can't be printed written as escapes. */
  static String ofReason(String text) {
    return shown(text, "", LONGEST_REASON);
  }

  /** A whole sentence, what can't be printed written as escapes: it stays on one line. */
  public static String onOneLine(String sentence) {
    return shown(sentence, "", Integer.MAX_VALUE);
  }

  private static boolean isBlank(int codePoint) {
    return Character.isWhitespace(codePoint) || Character.isSpaceChar(codePoint);
  }

  private static String shown(String text, String quote, int longest) {
    StringBuilder shown = new StringBuilder();
    for (int at = 0; at < text.length(); at = text.offsetByCodePoints(at, 1)) {
      String next = printable(text.codePointAt(at));
      if (shown.length() + next.length() > longest) {
        return quote + shown + quote + "... (" + text.length() + " characters)";
      }
      shown.append(next);
    }
    return quote + shown + quote;
  }

  private static String printable(int codePoint) {
    return switch (Character.getType(codePoint)) {
      case Character.CONTROL,
          Character.FORMAT,
          Character.SURROGATE,
          Character.PRIVATE_USE,
          Character.UNASSIGNED,
          Character.LINE_SEPARATOR,
          Character.PARAGRAPH_SEPARATOR -> {
        StringBuilder escapes = new StringBuilder();
        for (char unit : Character.toChars(codePoint)) {
          escapes.append("\\u%04x".formatted((int) unit));
        }
        yield escapes.toString();
      }
      default -> Character.toString(codePoint);
    };
  }
}
