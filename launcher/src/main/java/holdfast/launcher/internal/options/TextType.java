package holdfast.launcher.internal.options;

/**
 * Any text that the operating system can take, as a file name for one: without NUL characters and
 * without halves of surrogate pairs, which have no bytes.
 */
record TextType() implements PropertyType<String> {
  @Override
  public String parse(String text) throws OptionException {
    if (text.codePoints().anyMatch(TextType::hasNoBytes)) {
      throw new OptionException(
          Excerpt.of(text)
              + " has a character that no file name can have: write it without NUL characters"
              + " and unpaired surrogates");
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
