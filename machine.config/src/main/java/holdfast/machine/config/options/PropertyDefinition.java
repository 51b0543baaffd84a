package holdfast.machine.config.options;

import org.osgi.annotation.versioning.ProviderType;

/**
 * A property of the objects or devices of one type.
 *
 * @param name as the operator writes it
 * @param absence the effect of leaving the property out
 * @param description one line for the help text, without a full stop
 * @param live whether it can be changed while the object is in use
 * @param <T> the type of its values
 */
public record PropertyDefinition<T>(
    String name, PropertyType<T> type, Absence absence, String description, boolean live) {

  /** The effect of leaving a property out. */
  @ProviderType
  public sealed interface Absence {
    /** The object is refused. */
    record Refused() implements Absence {}

    /** The property has no value. */
    record Unset() implements Absence {}

    /** The property has the value {@code text}. */
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

  /** Returns a property that must be given. */
  public static <T> PropertyDefinition<T> required(
      String name, PropertyType<T> type, String description) {
    return new PropertyDefinition<>(name, type, new Absence.Refused(), description, false);
  }

  /** Returns a property that may be left without a value. */
  public static <T> PropertyDefinition<T> optional(
      String name, PropertyType<T> type, String description) {
    return new PropertyDefinition<>(name, type, new Absence.Unset(), description, false);
  }

  /** Returns a property that has the value {@code defaultText} when it is left out. */
  public static <T> PropertyDefinition<T> withDefault(
      String name, PropertyType<T> type, String defaultText, String description) {
    return new PropertyDefinition<>(
        name, type, new Absence.Default(defaultText), description, false);
  }

  /** Returns a copy that can be changed while the object is in use. */
  public PropertyDefinition<T> whichIsLive() {
    return new PropertyDefinition<>(name, type, absence, description, true);
  }
}
