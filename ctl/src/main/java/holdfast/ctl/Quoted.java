package holdfast.ctl;

/** Writes a word as a shell reads it. */
final class Quoted {
  private Quoted() {}

  /** Returns the word, in quotes if it needs them. */
  static String word(String text) {
    return text.matches("[A-Za-z0-9_@%+=:,./-]+") ? text : "'" + text.replace("'", "'\\''") + "'";
  }
}
