package holdfast.machine.config.fuzz;

import java.nio.charset.StandardCharsets;

/**
 * The bytes that a fuzzer makes, as text. Each byte is one character, so that any change of the
 * bytes is a small change of the text; four bytes that mean nothing in options stand for characters
 * beyond Latin-1 that do.
 */
public final class FuzzedText {
  private FuzzedText() {}

  /** The text that {@code input} stands for. */
  public static String of(byte[] input) {
    return new String(input, StandardCharsets.ISO_8859_1)
        .replace('\u00f8', '\ud83d')
        .replace('\u00f9', '\ude00')
        .replace('\u00fa', '\u202e')
        .replace('\u00fb', '\ufffd');
  }
}
