package holdfast.machine.config.options;

import java.util.List;

/** A switch; the words are QEMU's, in lower case only. */
record BooleanType() implements PropertyType<Boolean> {
  @Override
  public Boolean parse(String text) throws OptionException {
    return switch (text) {
      case "on", "yes", "true", "y" -> true;
      case "off", "no", "false", "n" -> false;
      default ->
          throw new OptionException(Excerpt.of(text) + " is neither on nor off: write on or off");
    };
  }

  @Override
  public String print(Boolean value) {
    return value ? "on" : "off";
  }

  @Override
  public Boolean read(OptionValue given) throws OptionException {
    return switch (given) {
      case OptionValue.Bare(String text) -> parse(text);
      case OptionValue.Flag(boolean value) -> value;
      default -> throw mismatch(given);
    };
  }

  @Override
  public List<String> choices() {
    return List.of(print(true), print(false));
  }

  @Override
  public String form() {
    return "on|off";
  }

  @Override
  public String strictForm() {
    return "true or false";
  }
}
