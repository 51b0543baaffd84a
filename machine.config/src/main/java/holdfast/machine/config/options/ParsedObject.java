package holdfast.machine.config.options;

import java.util.Collections;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.NoSuchElementException;
import java.util.Objects;
import java.util.Optional;
import java.util.SequencedMap;
import org.jspecify.annotations.Nullable;

/**
 * A requested object or device, checked against the definition of its type. Each property that has
 * a value holds it typed, {@code id} among them, with defaults filled in. It becomes text again
 * only where it leaves: for ConfigAdmin, and for people. Immutable; two are equal if they have the
 * same type and the same values.
 */
public final class ParsedObject implements OptionResult {
  private final TypeDefinition type;
  private final Map<String, PropertyValue<?>> values;

  /**
   * @param values each of a property of {@code type}, by its name
   */
  ParsedObject(TypeDefinition type, Map<String, PropertyValue<?>> values) {
    this.type = type;
    this.values = Map.copyOf(values);
  }

  /** Returns the definition of its type. */
  public TypeDefinition type() {
    return type;
  }

  /** Returns the name of its type, such as {@code memory-backend-file}. */
  public String typeName() {
    return type.name();
  }

  /** Returns its name, if it has one. */
  public Optional<String> id() {
    return text(Options.ID);
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
            () -> new NoSuchElementException(typeName() + " has no value for " + property.name()));
  }

  /**
   * Returns the value of a property, if it has one.
   *
   * @throws IllegalArgumentException if {@code property} is not part of this type
   */
  public <T> Optional<T> find(PropertyDefinition<T> property) {
    type.requireOwn(property);
    @SuppressWarnings("unchecked") // values has what this definition made
    PropertyValue<T> found = (PropertyValue<T>) values.get(property.name());
    return Optional.ofNullable(found).map(PropertyValue::value);
  }

  /** Returns the value of a property in its canonical form, if it has one. */
  public Optional<String> text(String property) {
    return value(property).map(PropertyValue::text);
  }

  /**
   * Returns each value in its canonical form, in the order of the definition. It suits ConfigAdmin:
   * {@link TypeDefinition#checkConfiguration} reads an equal object from it, if {@link
   * TypeDefinition#EXACT} is added in case a value has blanks or quotes around it.
   */
  public SequencedMap<String, String> texts() {
    SequencedMap<String, String> texts = new LinkedHashMap<>();
    for (PropertyDefinition<?> property : type.properties()) {
      text(property.name()).ifPresent(text -> texts.put(property.name(), text));
    }
    return Collections.unmodifiableSequencedMap(texts);
  }

  /** Returns the same with {@link TypeDefinition#EXACT}, so that no blank of a value gets lost. */
  public Map<String, String> exactTexts() {
    Map<String, String> exact = new LinkedHashMap<>(texts());
    exact.put(TypeDefinition.EXACT, "true");
    return exact;
  }

  /** Returns the names of the properties of this type whose value {@code other} doesn't have. */
  public List<String> differences(ParsedObject other) {
    return type.properties().stream()
        .map(PropertyDefinition::name)
        .filter(name -> !Objects.equals(plain(name), other.plain(name)))
        .toList();
  }

  /**
   * Returns a copy with another value of {@code property}.
   *
   * @throws IllegalArgumentException if {@code property} is not part of this type
   */
  public <T> ParsedObject with(PropertyDefinition<T> property, T value) {
    type.requireOwn(property);
    return with(property.name(), new PropertyValue<>(property, value));
  }

  /**
   * Returns a copy with another value of a property.
   *
   * @param text the value as on the command line
   * @throws OptionException if it is not one of its values, or there is no such property
   */
  public ParsedObject withText(String property, String text) throws OptionException {
    return with(property, PropertyValue.parse(type.property(property), text));
  }

  /**
   * Returns a copy in which a property is as in {@code other}, with that value or without one.
   *
   * @throws IllegalArgumentException if this type doesn't define the property as that of {@code
   *     other} does
   */
  public ParsedObject withValueOf(String property, ParsedObject other) {
    PropertyValue<?> value = other.values.get(property);
    if (value != null) {
      type.requireOwn(value.property());
    }
    return with(property, value);
  }

  /**
   * Returns an object of {@code whole} with the values of this object and of {@code other}.
   *
   * @throws IllegalArgumentException if one has a value of a property that {@code whole} lacks
   */
  public ParsedObject joined(ParsedObject other, TypeDefinition whole) {
    Map<String, PropertyValue<?>> all = new HashMap<>(values);
    all.putAll(other.values);
    for (PropertyValue<?> value : all.values()) {
      whole.requireOwn(value.property());
    }
    return new ParsedObject(whole, all);
  }

  /** Returns this one with another value of an optional property, or with none. */
  public <T> ParsedObject with(PropertyDefinition<T> property, Optional<T> value) {
    return value
        .map(present -> with(property, present))
        .orElseGet(() -> with(property.name(), (PropertyValue<?>) null));
  }

  private ParsedObject with(String property, @Nullable PropertyValue<?> value) {
    Map<String, PropertyValue<?>> changed = new HashMap<>(values);
    if (value == null) {
      changed.remove(property);
    } else {
      changed.put(property, value);
    }
    return new ParsedObject(type, changed);
  }

  /** Returns the value of the property with this name, if it has one. */
  Optional<PropertyValue<?>> value(String property) {
    return Optional.ofNullable(values.get(property));
  }

  private @Nullable Object plain(String property) {
    PropertyValue<?> value = values.get(property);
    return value == null ? null : value.value();
  }

  @Override
  public boolean equals(@Nullable Object other) {
    return other instanceof ParsedObject that
        && type.equals(that.type)
        && values.equals(that.values);
  }

  @Override
  public int hashCode() {
    return Objects.hash(type, values);
  }

  @Override
  public String toString() {
    return typeName() + texts();
  }
}
