package holdfast.machine.config.options;

import java.util.Arrays;
import java.util.List;
import java.util.Locale;

/** One of a few words: the constants of an enum, in lower case and with {@code -} for {@code _}. */
record ChoiceType<E extends Enum<E>>(Class<E> constants) implements PropertyType<E> {
  @Override
  public E parse(String text) throws OptionException {
    for (E constant : constants.getEnumConstants()) {
      if (print(constant).equals(text)) {
        return constant;
      }
    }
    throw new OptionException(Excerpt.of(text) + " is not among the choices: write " + words(", "));
  }

  @Override
  public String print(E value) {
    return value.name().toLowerCase(Locale.ROOT).replace('_', '-');
  }

  @Override
  public E read(OptionValue given) throws OptionException {
    return switch (given) {
      case OptionValue.Bare(String text) -> parse(text);
      case OptionValue.Text(String text) -> parse(text);
      default -> throw mismatch(given);
    };
  }

  @Override
  public List<String> choices() {
    return Arrays.stream(constants.getEnumConstants()).map(this::print).toList();
  }

  @Override
  public String form() {
    return words("|");
  }

  @Override
  public String strictForm() {
    return "a string, one of " + words(", ");
  }

  private String words(String separator) {
    return String.join(separator, choices());
  }
}
