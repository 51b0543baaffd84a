package holdfast.start;

/** Makes a sentence safe for a terminal. */
final class OneLine {
  private OneLine() {}

  /**
   * Returns the sentence on one line: characters that control a terminal, change the order of text
   * or can't be shown are written as escapes.
   */
  static String of(String sentence) {
    StringBuilder shown = new StringBuilder();
    for (int at = 0; at < sentence.length(); at = sentence.offsetByCodePoints(at, 1)) {
      int codePoint = sentence.codePointAt(at);
      if (isShown(codePoint)) {
        shown.appendCodePoint(codePoint);
      } else {
        for (char unit : Character.toChars(codePoint)) {
          shown.append("\\u%04x".formatted((int) unit));
        }
      }
    }
    return shown.toString();
  }

  /** Returns whether a character can be shown without an effect on the terminal or the line. */
  static boolean isShown(int codePoint) {
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
}
