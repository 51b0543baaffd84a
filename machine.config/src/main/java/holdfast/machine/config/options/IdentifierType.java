package holdfast.machine.config.options;

import holdfast.backend.api.BackendId;

/**
 * The name of an object or a device; the rule is that of {@link BackendId}, with a limit on its
 * length.
 */
record IdentifierType() implements PropertyType<String> {
  /**
   * QEMU has no limit. Here an id is part of the PID of a configuration, and implementations of
   * ConfigAdmin name files after PIDs; a file's name has at most 255 bytes.
   */
  private static final int LONGEST = 127;

  @Override
  public String parse(String text) throws OptionException {
    if (!BackendId.isWellFormed(text)) {
      throw new OptionException(
          Excerpt.of(text)
              + " is not an identifier: write a letter, then letters, digits, '-', '.' or '_'");
    }
    if (text.length() > LONGEST) {
      throw new OptionException(
          Excerpt.of(text)
              + " is too long: write an identifier of at most "
              + LONGEST
              + " characters");
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

  @Override
  public String form() {
    return "<identifier>";
  }

  @Override
  public String strictForm() {
    return "a string";
  }
}
