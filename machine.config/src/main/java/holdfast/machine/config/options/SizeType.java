package holdfast.machine.config.options;

import holdfast.backend.api.ByteSize;

/**
 * A size. As a typed number, outside of text, it is always in bytes.
 *
 * @param unit the unit of a number without a suffix in text
 */
record SizeType(SizeUnit unit) implements PropertyType<ByteSize> {
  @Override
  public ByteSize parse(String text) throws OptionException {
    return SizeParser.parse(text, unit);
  }

  @Override
  public String print(ByteSize value) {
    String text = value.toString();
    boolean hasSuffix = !Character.isDigit(text.charAt(text.length() - 1));
    return hasSuffix || unit == SizeUnit.B ? text : text + SizeUnit.B;
  }

  @Override
  public ByteSize read(OptionValue given) throws OptionException {
    return switch (given) {
      case OptionValue.Bare(String text) -> parse(text);
      case OptionValue.Whole(var bytes) -> SizeParser.ofBytes(given.toString(), bytes);
      default -> throw mismatch(given);
    };
  }

  @Override
  public String form() {
    return unit == SizeUnit.B ? "<size>" : "<size in " + unit + "iB>";
  }

  @Override
  public String strictForm() {
    return "a number of bytes";
  }
}
