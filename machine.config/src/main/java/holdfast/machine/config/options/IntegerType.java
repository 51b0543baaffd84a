package holdfast.machine.config.options;

import java.math.BigInteger;

/** A whole number within bounds, both included. */
record IntegerType(long smallest, long largest) implements PropertyType<Long> {
  @Override
  public Long parse(String text) throws OptionException {
    return bounded(text, WholeNumbers.parse(text));
  }

  @Override
  public String print(Long value) {
    return value.toString();
  }

  @Override
  public Long read(OptionValue given) throws OptionException {
    return switch (given) {
      case OptionValue.Bare(String text) -> parse(text);
      case OptionValue.Whole(var value) -> bounded(given.toString(), value);
      default -> throw mismatch(given);
    };
  }

  /** Returns {@code value}, which was read from {@code text}, if it is within the bounds. */
  private Long bounded(String text, BigInteger value) throws OptionException {
    if (value.compareTo(BigInteger.valueOf(smallest)) < 0
        || value.compareTo(BigInteger.valueOf(largest)) > 0) {
      throw new OptionException(
          Excerpt.of(text)
              + " is out of range: write a number from "
              + smallest
              + " to "
              + largest);
    }
    return value.longValueExact();
  }

  @Override
  public String form() {
    return "<number>";
  }

  @Override
  public String strictForm() {
    return "a whole number";
  }
}
