package holdfast.machine.config.options;

import java.nio.charset.Charset;

/**
 * Any text that the operating system accepts, for example as a file name: not empty, not longer
 * than Linux's PATH_MAX, and encodable in its character set.
 *
 * @param charset the encoding of file names
 */
record TextType(Charset charset) implements PropertyType<String> {
  /** PATH_MAX in Linux's limits.h is 4096, with the NUL at the end. */
  private static final int LONGEST_BYTES = 4095;

  /** The character that Java reads where an argument's bytes can't be decoded. */
  private static final int REPLACEMENT = 0xFFFD;

  @Override
  public String parse(String text) throws OptionException {
    if (text.isEmpty()) {
      throw new OptionException(Excerpt.of(text) + " is empty: write at least one character");
    }
    if (text.codePoints().anyMatch(TextType::hasNoBytes)) {
      throw new OptionException(
          Excerpt.of(text)
              + " has a character that no file name can have: write it without NUL characters"
              + " and unpaired surrogates");
    }
    if (text.indexOf(REPLACEMENT) >= 0 || !charset.newEncoder().canEncode(text)) {
      throw new OptionException(
          Excerpt.of(text)
              + " has a character that file names in this locale, which are in "
              + charset
              + ", can't have: use names in the encoding of the locale, or another locale, such as"
              + " LC_ALL=C.UTF-8");
    }
    if (text.getBytes(charset).length > LONGEST_BYTES) {
      throw new OptionException(
          Excerpt.of(text) + " is too long: write at most " + LONGEST_BYTES + " bytes");
    }
    return text;
  }

  @Override
  public String print(String value) {
    return value;
  }

  @Override
  public String read(OptionValue given) throws OptionException {
    return switch (given) {
      case OptionValue.Bare(String text) -> parse(text);
      case OptionValue.Text(String text) -> parse(text);
      default -> throw mismatch(given);
    };
  }

  private static boolean hasNoBytes(int codePoint) {
    return codePoint == 0 || Character.getType(codePoint) == Character.SURROGATE;
  }

  @Override
  public String form() {
    return "<text>";
  }

  @Override
  public String strictForm() {
    return "a string";
  }
}
