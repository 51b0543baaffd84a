package holdfast.machine.config.options;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SequencedMap;
import java.util.Set;

/**
 * A type of objects or devices, defined by its properties.
 *
 * @param name such as {@code memory-backend-file}
 * @param description one line for the help text, without a full stop
 * @param properties in the order of the help text, {@code id} among them if the type has names
 */
public record TypeDefinition(
    String name, String description, List<PropertyDefinition<?>> properties) {

  /**
   * The configuration key which says that strings are used unchanged, with the blanks at their
   * ends, because they came from a command line. It is a private key (OSGi Compendium 112.6).
   */
  public static final String EXACT = ".holdfast.command.line";

  /**
   * @throws IllegalArgumentException if two properties have the same name
   */
  public TypeDefinition {
    properties = List.copyOf(properties);
    Set<String> names = new HashSet<>();
    for (PropertyDefinition<?> property : properties) {
      if (!names.add(property.name())) {
        throw new IllegalArgumentException(name + " has two properties " + property.name());
      }
    }
  }

  /**
   * Returns the object that {@code options} ask for, with defaults filled in.
   *
   * @param subject what is being read, such as {@code -object memory-backend-file}; the sentence of
   *     a refusal begins with it
   * @throws OptionException if a property is unknown or missing, or its value is not allowed
   */
  public ParsedObject check(String subject, Options options) throws OptionException {
    return check(
        subject,
        options.entries().stream().map(Options.Entry::key).toList(),
        property -> given(property, options));
  }

  /**
   * Returns the object that a configuration asks for, with defaults filled in. Strings are read as
   * on the command line, except that blanks at their ends are not part of the value unless {@link
   * #EXACT} is set; a list may be one string with commas; typed values are accepted as well. An
   * empty string leaves out a property that may be left out. Keys that are reserved by OSGi are
   * ignored.
   *
   * @param subject what is being read, such as {@code configuration PID}; the sentence of a refusal
   *     begins with it
   * @throws OptionException if a property is unknown or missing, or its value is not allowed
   */
  public ParsedObject checkConfiguration(String subject, Map<String, ?> dictionary)
      throws OptionException {
    ConfigurationDictionary configuration = new ConfigurationDictionary(dictionary);
    return check(subject, configuration.keys(), configuration::value);
  }

  /**
   * Returns the names of the properties in which a configuration differs from {@code object}, in
   * value or by leaving one out. Properties with invalid values are among them.
   */
  public List<String> differences(Map<String, ?> dictionary, ParsedObject object) {
    ConfigurationDictionary configuration = new ConfigurationDictionary(dictionary);
    return properties.stream()
        .filter(property -> !says(configuration, property, object))
        .map(PropertyDefinition::name)
        .toList();
  }

  private static boolean says(
      ConfigurationDictionary configuration, PropertyDefinition<?> property, ParsedObject object) {
    try {
      return value(property, configuration::value).equals(object.value(property.name()));
    } catch (OptionException e) {
      return false;
    }
  }

  /**
   * Returns the properties that must be written down to read the object again; the others have
   * their defaults.
   */
  public Map<String, String> written(ParsedObject object) {
    Map<String, String> written = new LinkedHashMap<>(object.texts());
    for (PropertyDefinition<?> property : properties) {
      if (says(NOTHING, property, object)) {
        written.remove(property.name());
      }
    }
    return written;
  }

  /**
   * Returns what {@link #written} returns as the items of an option, such as {@code size=4M}, in
   * the order of the definition. Joined by commas they are read as the same object.
   */
  public List<String> items(ParsedObject object) {
    List<String> items = new ArrayList<>();
    written(object)
        .forEach(
            (name, text) -> {
              boolean isSet =
                  properties.stream()
                      .filter(one -> one.name().equals(name))
                      .anyMatch(one -> one.type() instanceof NumberSetType);
              if (!isSet) {
                items.add(item(name, text));
              } else if (!text.isEmpty()) {
                for (String range : text.split(",", -1)) {
                  items.add(item(name, range)); // each range of a set is an item
                }
              }
            });
    return items;
  }

  /** Returns one item of an option, in which a comma of the value is written twice. */
  public static String item(String name, String text) {
    return name + "=" + text.replace(",", ",,");
  }

  private static final ConfigurationDictionary NOTHING = new ConfigurationDictionary(Map.of());

  /**
   * Returns the object with another value of one property.
   *
   * @param text the value as on the command line
   * @throws OptionException if there is no such property, it can't be changed while the object is
   *     in use, or {@code text} is not one of its values
   */
  public ParsedObject change(ParsedObject object, String property, String text)
      throws OptionException {
    if (!property(property).live()) {
      throw new OptionException(
          property
              + " can't be changed while "
              + object.id().orElse(name)
              + " is in use: write it into the configuration, and it holds from the next start"
              + " on; live changes are those of "
              + String.join(", ", liveNames()));
    }
    return object.withText(property, text);
  }

  /**
   * Returns values as they are in JSON: a Boolean, a Long, a String, or a list of Integers.
   *
   * @param texts values of properties of this type in their canonical form
   * @throws IllegalArgumentException if one is not a value of this type's property
   */
  public SequencedMap<String, Object> json(Map<String, String> texts) {
    SequencedMap<String, Object> all = new LinkedHashMap<>();
    texts.forEach(
        (name, text) -> {
          try {
            all.put(name, json(property(name).type(), text));
          } catch (OptionException e) {
            throw new IllegalArgumentException(e);
          }
        });
    return all;
  }

  private static <T> Object json(PropertyType<T> type, String text) throws OptionException {
    return type.json(type.parse(text));
  }

  /**
   * Returns the property with this name.
   *
   * @throws OptionException if there is none
   */
  PropertyDefinition<?> property(String name) throws OptionException {
    for (PropertyDefinition<?> own : properties) {
      if (own.name().equals(name)) {
        return own;
      }
    }
    List<String> names = properties.stream().map(PropertyDefinition::name).toList();
    throw new OptionException(
        "there is no property " + Excerpt.of(name) + ": " + advice(name, names));
  }

  /**
   * Checks that a property is part of this type.
   *
   * @throws IllegalArgumentException if it is not, though one of the same name may be
   */
  void requireOwn(PropertyDefinition<?> property) {
    for (PropertyDefinition<?> own : properties) {
      if (own.name().equals(property.name()) && own.equals(property)) {
        return;
      }
    }
    throw new IllegalArgumentException(
        property.name() + " is not defined for " + name + ", or in another way");
  }

  /** Returns the names of the properties that can be changed while an object is in use. */
  public List<String> liveNames() {
    return properties.stream()
        .filter(PropertyDefinition::live)
        .map(PropertyDefinition::name)
        .toList();
  }

  /** Returns all properties, one line each. */
  public HelpText help() {
    HelpTable table = new HelpTable(name + ": " + description);
    for (PropertyDefinition<?> property : properties) {
      String note =
          switch (property.absence()) {
            case PropertyDefinition.Absence.Refused() -> " (required)";
            case PropertyDefinition.Absence.Unset() -> "";
            case PropertyDefinition.Absence.Default(String text) when text.isEmpty() -> "";
            case PropertyDefinition.Absence.Default(String text) -> " (default " + text + ")";
          };
      table.add(
          property.name() + "=" + property.type().form(),
          property.description() + note + (property.live() ? ", can be changed live" : ""));
    }
    return table.toHelpText();
  }

  /** The source of properties' values. */
  private interface Source {
    /** Returns the value of {@code property}, if it is given. */
    Optional<? extends PropertyValue<?>> value(PropertyDefinition<?> property)
        throws OptionException;
  }

  private ParsedObject check(String subject, List<String> keys, Source source)
      throws OptionException {
    try {
      for (String key : keys) {
        property(key);
      }
      Map<String, PropertyValue<?>> values = new HashMap<>();
      for (PropertyDefinition<?> property : properties) {
        value(property, source).ifPresent(value -> values.put(property.name(), value));
      }
      return new ParsedObject(this, values);
    } catch (OptionException e) {
      throw e.within(subject + ": ");
    }
  }

  /** Returns the value that a property has: the one that is given, or its default. */
  private static Optional<? extends PropertyValue<?>> value(
      PropertyDefinition<?> property, Source source) throws OptionException {
    Optional<? extends PropertyValue<?>> given = source.value(property);
    return given.isPresent() ? given : absent(property);
  }

  private static String advice(String unknown, List<String> names) {
    if (names.contains(QemuOpts.NEGATION + unknown)) {
      return "did you mean "
          + QemuOpts.NEGATION
          + unknown
          + "=VALUE? A word alone that begins with "
          + QemuOpts.NEGATION
          + " switches off what follows these letters";
    }
    return Nearest.to(unknown, names)
        .map(near -> "did you mean " + near + "?")
        .orElse("the properties are " + String.join(", ", names));
  }

  private static <T> Optional<PropertyValue<T>> given(
      PropertyDefinition<T> property, Options options) throws OptionException {
    List<OptionValue> values = options.given(property.name());
    if (values.isEmpty()) {
      return Optional.empty();
    }
    try {
      return Optional.of(new PropertyValue<>(property, property.type().readAll(values)));
    } catch (OptionException e) {
      throw e.within(property.name() + "=");
    }
  }

  private static <T> Optional<PropertyValue<T>> absent(PropertyDefinition<T> property)
      throws OptionException {
    return switch (property.absence()) {
      case PropertyDefinition.Absence.Default(String text) ->
          Optional.of(PropertyValue.parse(property, text));
      case PropertyDefinition.Absence.Unset() -> Optional.empty();
      case PropertyDefinition.Absence.Refused() ->
          throw new OptionException(
              property.name()
                  + " is missing: add "
                  + property.name()
                  + "="
                  + property.type().form());
    };
  }
}
