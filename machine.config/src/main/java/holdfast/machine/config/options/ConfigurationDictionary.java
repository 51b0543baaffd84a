package holdfast.machine.config.options;

import java.lang.reflect.Array;
import java.math.BigInteger;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * The properties in an OSGi configuration, as a component receives it: together with keys of the
 * framework, Declarative Services and the installer, and with values that are strings or typed.
 *
 * <p>Blanks at the ends of a string are not part of its value: they come from editors and forms,
 * and installers keep them. Strings from the command line are used unchanged.
 */
record ConfigurationDictionary(Map<String, ?> dictionary) {

  /** Returns the keys that are not reserved by OSGi. */
  List<String> keys() {
    return dictionary.keySet().stream().filter(key -> !isReserved(key)).toList();
  }

  /**
   * Returns whether OSGi reserves a key: Compendium 104.4.4 (service properties), 112.6 (component
   * and target properties, minimum cardinality) and 104.6.5 (private keys, which begin with a dot).
   */
  private static boolean isReserved(String key) {
    return key.startsWith(".")
        || key.startsWith("service.")
        || key.startsWith("component.")
        || key.startsWith("felix.")
        || key.endsWith(".target")
        || key.endsWith(".cardinality.minimum");
  }

  /**
   * Returns the value of {@code property}, if it is configured. An empty string, which forms send
   * for a field that was not filled in, leaves out a property that may be left out.
   */
  <T> Optional<PropertyValue<T>> value(PropertyDefinition<T> property) throws OptionException {
    Object value = stripped(dictionary.get(property.name()));
    if (value == null) {
      return Optional.empty();
    }
    if (value instanceof String text && isQuoted(text)) {
      throw new OptionException(
          property.name()
              + "="
              + Excerpt.of(text)
              + " is in quotes, and values are written without: write what stands between them"
              + (text.length() == 2 ? ", or leave it out if it is nothing" : ""));
    }
    if (value.equals("") && !(property.absence() instanceof PropertyDefinition.Absence.Refused)) {
      return Optional.empty();
    }
    try {
      return Optional.of(new PropertyValue<>(property, read(property.type(), value)));
    } catch (OptionException e) {
      throw e.within(property.name() + "=");
    }
  }

  /**
   * Returns whether a text has quotes around it and is not from the command line, where quotes are
   * allowed.
   */
  private boolean isQuoted(String text) {
    int last = text.length() - 1;
    return !dictionary.containsKey(TypeDefinition.EXACT)
        && last > 0
        && (text.charAt(0) == '\'' || text.charAt(0) == '"')
        && text.charAt(last) == text.charAt(0);
  }

  private @Nullable Object stripped(@Nullable Object value) {
    return value instanceof String text && !dictionary.containsKey(TypeDefinition.EXACT)
        ? text.strip()
        : value;
  }

  private <T> T read(PropertyType<T> type, Object value) throws OptionException {
    if (value instanceof String text) {
      return type instanceof NumberSetType && text.contains(",")
          ? type.parse(text.replaceAll("\\s*,\\s*", ","))
          : type.parse(text);
    }
    OptionValue typed = typed(value);
    // A range on the command line is one item of a list here.
    return type instanceof NumberSetType && typed instanceof OptionValue.Items(var items)
        ? type.readAll(items.stream().map(ConfigurationDictionary::bare).toList())
        : type.read(typed);
  }

  private static OptionValue bare(OptionValue item) {
    return item instanceof OptionValue.Whole(var number)
        ? new OptionValue.Bare(number.toString())
        : item;
  }

  private OptionValue typed(@Nullable Object given) throws OptionException {
    Object value = stripped(given);
    return switch (value) {
      case null -> throw new OptionException("null is no value: leave it out instead");
      case String text -> new OptionValue.Bare(text);
      case Boolean flag -> new OptionValue.Flag(flag);
      case Byte number -> whole(number);
      case Short number -> whole(number);
      case Integer number -> whole(number);
      case Long number -> whole(number);
      case Collection<?> list -> items(new ArrayList<>(list));
      default -> {
        if (!value.getClass().isArray()) {
          throw new OptionException(
              Excerpt.of(value.toString())
                  + " is a "
                  + value.getClass().getSimpleName()
                  + ": configure a string, a boolean, a whole number, or a list of these");
        }
        yield items(
            IntStream.range(0, Array.getLength(value)).mapToObj(i -> Array.get(value, i)).toList());
      }
    };
  }

  private static OptionValue whole(Number number) {
    return new OptionValue.Whole(BigInteger.valueOf(number.longValue()));
  }

  private OptionValue items(List<?> list) throws OptionException {
    List<OptionValue> items = new ArrayList<>();
    for (Object item : list) {
      items.add(typed(item));
    }
    return new OptionValue.Items(items);
  }
}
