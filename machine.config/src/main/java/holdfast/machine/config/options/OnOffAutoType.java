package holdfast.machine.config.options;

import java.util.List;
import java.util.Locale;

/** A switch as {@link BooleanType} has it, in all its words, or {@code auto}. */
record OnOffAutoType() implements PropertyType<OnOffAuto> {
  private static final BooleanType SWITCH = new BooleanType();

  @Override
  public OnOffAuto parse(String text) throws OptionException {
    if (text.equals(print(OnOffAuto.AUTO))) {
      return OnOffAuto.AUTO;
    }
    try {
      return of(SWITCH.parse(text));
    } catch (OptionException e) {
      throw new OptionException(
          Excerpt.of(text) + " is not among the choices: write on, off or auto");
    }
  }

  private static OnOffAuto of(boolean on) {
    return on ? OnOffAuto.ON : OnOffAuto.OFF;
  }

  @Override
  public String print(OnOffAuto value) {
    return value.name().toLowerCase(Locale.ROOT);
  }

  @Override
  public OnOffAuto read(OptionValue given) throws OptionException {
    return switch (given) {
      case OptionValue.Bare(String text) -> parse(text);
      case OptionValue.Text(String text) -> parse(text);
      case OptionValue.Flag(boolean value) -> of(value);
      default -> throw mismatch(given);
    };
  }

  @Override
  public List<String> choices() {
    return List.of("on", "off", "auto");
  }

  @Override
  public String form() {
    return "on|off|auto";
  }

  @Override
  public String strictForm() {
    return "true, false or \"auto\"";
  }
}
