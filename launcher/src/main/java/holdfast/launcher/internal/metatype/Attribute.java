package holdfast.launcher.internal.metatype;

import holdfast.machine.config.options.OptionException;
import holdfast.machine.config.options.PropertyDefinition;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.osgi.service.metatype.AttributeDefinition;

/**
 * One property of a configuration. Its values are strings, whatever they stand for: sizes and
 * switches are written as on the command line.
 *
 * @param id the name of the property
 * @param description one line, without a full stop
 * @param cardinality 0 for one value, {@link Integer#MAX_VALUE} for an array of any length
 * @param absence what it means to leave the property out
 * @param choices all values there are; empty if they are too many
 * @param check the verdict on a value
 */
record Attribute(
    String id,
    String description,
    int cardinality,
    PropertyDefinition.Absence absence,
    List<String> choices,
    Check check)
    implements AttributeDefinition {

  /** Looks at a value. */
  interface Check {
    /**
     * Nothing happens if {@code value} is one.
     *
     * @throws OptionException with the sentence for the operator, if it is not
     */
    void check(String value) throws OptionException;
  }

  /** The attribute for a property that the option grammar knows. */
  static Attribute of(PropertyDefinition<?> property) {
    return new Attribute(
        property.name(),
        property.description(),
        0,
        property.absence(),
        property.type().choices(),
        property.type()::parse);
  }

  /** An attribute with one value, which may be left out. */
  static Attribute optional(String id, String description, Check check) {
    return new Attribute(
        id, description, 0, new PropertyDefinition.Absence.Unset(), List.of(), check);
  }

  /** An attribute with any number of values. */
  static Attribute list(String id, String description) {
    return new Attribute(
        id,
        description,
        Integer.MAX_VALUE,
        new PropertyDefinition.Absence.Unset(),
        List.of(),
        value -> {});
  }

  boolean isRequired() {
    return absence instanceof PropertyDefinition.Absence.Refused;
  }

  @Override
  public String getID() {
    return id;
  }

  @Override
  public String getName() {
    return id;
  }

  @Override
  public String getDescription() {
    return description;
  }

  @Override
  public int getCardinality() {
    return cardinality;
  }

  @Override
  public int getType() {
    return STRING;
  }

  @Override
  public String @Nullable [] getOptionValues() {
    return choices.isEmpty() ? null : choices.toArray(String[]::new);
  }

  @Override
  public String @Nullable [] getOptionLabels() {
    return getOptionValues();
  }

  /** The reason why {@code value} is refused, as one sentence; empty if it is not. */
  @Override
  public String validate(String value) {
    try {
      check.check(value);
      return "";
    } catch (OptionException e) {
      return id + "=" + e.getMessage();
    }
  }

  @Override
  public String @Nullable [] getDefaultValue() {
    return absence instanceof PropertyDefinition.Absence.Default(String text)
        ? new String[] {text}
        : null;
  }
}
