package holdfast.machine.config.options;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.NoSuchElementException;
import java.util.Optional;
import java.util.SequencedMap;
import org.jspecify.annotations.Nullable;

/**
 * A requested object or device, checked against the definition of its type.
 *
 * @param typeName such as {@code memory-backend-file}
 * @param properties each property that has a value, {@code id} among them, with that value in its
 *     canonical form; defaults are filled in; in the order of the definition. Suited to
 *     ConfigAdmin: {@link TypeDefinition#checkConfiguration} reads an equal object from it, if
 *     {@link TypeDefinition#EXACT} is added in case a value has blanks or quotes around it
 */
public record ParsedObject(String typeName, SequencedMap<String, String> properties)
    implements OptionResult {

  public ParsedObject {
    properties = Collections.unmodifiableSequencedMap(new LinkedHashMap<>(properties));
  }

  /** Returns a copy with another value of {@code property}. */
  public <T> ParsedObject with(PropertyDefinition<T> property, T value) {
    return withText(property.name(), property.type().print(value));
  }

  /**
   * Returns a copy with another value of a property.
   *
   * @param value in its canonical form; null for none
   */
  public ParsedObject withText(String property, @Nullable String value) {
    SequencedMap<String, String> changed = new LinkedHashMap<>(properties);
    if (value == null) {
      changed.remove(property);
    } else {
      changed.put(property, value);
    }
    return new ParsedObject(typeName, changed);
  }

  /** Returns its name, if it has one. */
  public Optional<String> id() {
    return Optional.ofNullable(properties.get(Options.ID));
  }

  /**
   * Returns the value of a property that always has one: it is required or has a default.
   *
   * @throws NoSuchElementException if it has none
   * @throws IllegalArgumentException if {@code property} is not part of this type
   */
  public <T> T get(PropertyDefinition<T> property) {
    return find(property)
        .orElseThrow(
            () -> new NoSuchElementException(typeName + " has no value for " + property.name()));
  }

  /**
   * Returns the value of a property, if it has one.
   *
   * @throws IllegalArgumentException if {@code property} is not part of this type
   */
  public <T> Optional<T> find(PropertyDefinition<T> property) {
    String text = properties.get(property.name());
    if (text == null) {
      return Optional.empty();
    }
    try {
      return Optional.of(property.type().parse(text));
    } catch (OptionException e) {
      throw new IllegalArgumentException(
          property.name() + " is defined in another way for " + typeName, e);
    }
  }
}
