package holdfast.machine.config.options;

/** The value that a property has. */
record PropertyValue<T>(PropertyDefinition<T> property, T value) {

  /** Parses {@code text}; the sentence of a refusal begins with the property's name. */
  static <T> PropertyValue<T> parse(PropertyDefinition<T> property, String text)
      throws OptionException {
    try {
      return new PropertyValue<>(property, property.type().parse(text));
    } catch (OptionException e) {
      throw e.within(property.name() + "=");
    }
  }

  /** Returns it in its canonical form. */
  String text() {
    return property.type().print(value);
  }
}
