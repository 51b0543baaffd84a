package holdfast.machine.config.options;

/** Quotes operators' text inside a sentence: on one line, printable, and of limited length. */
public final class Excerpt {
  private static final int LONGEST_VALUE = 80;
  private static final int LONGEST_REASON = 300;

  private Excerpt() {}

  /**
   * Returns a key or a value with unprintable characters as escapes, cut after 80 characters, and
   * in quotes if its end could not be seen otherwise.
   */
  public static String of(String text) {
    return quoted(text, text.isEmpty() || text.codePoints().anyMatch(Excerpt::isBlank) ? "'" : "");
  }

  /** Returns the same, but always in these quotes. */
  static String quoted(String text, String quote) {
    return shown(text, quote, LONGEST_VALUE);
  }

  /**
   * Returns a sentence from another source with unprintable characters as escapes, cut after 300
   * characters.
   */
  public static String ofReason(String text) {
    return shown(text, "", LONGEST_REASON);
  }

  /**
   * Returns a whole sentence with unprintable characters as escapes, so that it stays on one line.
   */
  public static String onOneLine(String sentence) {
    return shown(sentence, "", Integer.MAX_VALUE);
  }

  private static boolean isBlank(int codePoint) {
    return Character.isWhitespace(codePoint) || Character.isSpaceChar(codePoint);
  }

  private static String shown(String text, String quote, int longest) {
    if (text.length() <= longest && isPlain(text)) {
      return quote + text + quote;
    }
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

  /** Returns whether there is nothing to escape, as nearly always; a report is long. */
  private static boolean isPlain(String text) {
    for (int at = 0; at < text.length(); at++) {
      char unit = text.charAt(at);
      if (unit < ' ' || unit > '~') {
        return false;
      }
    }
    return true;
  }

  /** Returns whether a character is shown as itself, and controls no terminal. */
  public static boolean isPrintable(int codePoint) {
    return switch (Character.getType(codePoint)) {
      case Character.CONTROL,
          Character.FORMAT,
          Character.SURROGATE,
          Character.PRIVATE_USE,
          Character.UNASSIGNED,
          Character.LINE_SEPARATOR,
          Character.PARAGRAPH_SEPARATOR ->
          false;
      default -> true;
    };
  }

  private static String printable(int codePoint) {
    if (isPrintable(codePoint)) {
      return Character.toString(codePoint);
    }
    StringBuilder escapes = new StringBuilder();
    for (char unit : Character.toChars(codePoint)) {
      escapes.append("\\u%04x".formatted((int) unit));
    }
    return escapes.toString();
  }
}
