package holdfast.machine.config.options;

/**
 * A property that objects or devices of one type have.
 *
 * @param name as the operator writes it
 * @param absence what it means to leave the property out
 * @param description one line for the help text, without a full stop
 * @param live whether it can be changed while the object is in use
 * @param <T> the type of its values
 */
public record PropertyDefinition<T>(
    String name, PropertyType<T> type, Absence absence, String description, boolean live) {

  /** What it means that a property was left out. */
  public sealed interface Absence {
    /** It must not be. */
    record Refused() implements Absence {}

    /** Nothing: the property has no value then. */
    record Unset() implements Absence {}

    /** The same as to write {@code text}. */
    record Default(String text) implements Absence {}
  }

  /**
   * @throws IllegalArgumentException if the default is not a value of {@code type}
   */
  public PropertyDefinition {
    if (absence instanceof Absence.Default(String text)) {
      try {
        type.parse(text);
      } catch (OptionException e) {
        throw new IllegalArgumentException("the default of " + name + ": " + e.getMessage(), e);
      }
    }
  }

  /** A property without which there is no object. */
  public static <T> PropertyDefinition<T> required(
      String name, PropertyType<T> type, String description) {
    return new PropertyDefinition<>(name, type, new Absence.Refused(), description, false);
  }

  /** A property that may be left without a value. */
  public static <T> PropertyDefinition<T> optional(
      String name, PropertyType<T> type, String description) {
    return new PropertyDefinition<>(name, type, new Absence.Unset(), description, false);
  }

  /** A property that has the value {@code defaultText} when left out. */
  public static <T> PropertyDefinition<T> withDefault(
      String name, PropertyType<T> type, String defaultText, String description) {
    return new PropertyDefinition<>(
        name, type, new Absence.Default(defaultText), description, false);
  }

  /** The same as one that can be changed while the object is in use. */
  public PropertyDefinition<T> whichIsLive() {
    return new PropertyDefinition<>(name, type, absence, description, true);
  }
}
