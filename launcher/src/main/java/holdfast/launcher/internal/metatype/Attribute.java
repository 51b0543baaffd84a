package holdfast.launcher.internal.metatype;

import holdfast.machine.config.options.OptionException;
import holdfast.machine.config.options.PropertyDefinition;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.osgi.service.metatype.AttributeDefinition;

/**
 * A property of a configuration. Its values are always strings: sizes and switches are written as
 * on the command line.
 *
 * @param id the name of the property
 * @param description one line, without a full stop
 * @param cardinality 0 for one value, {@link Integer#MAX_VALUE} for an array of any length
 * @param absence the effect of leaving the property out
 * @param choices all possible values; empty if there are too many
 * @param check checks a value
 */
record Attribute(
    String id,
    String description,
    int cardinality,
    PropertyDefinition.Absence absence,
    List<String> choices,
    Check check)
    implements AttributeDefinition {

  /** Checks a value. */
  interface Check {
    /**
     * Checks that {@code value} is allowed.
     *
     * @throws OptionException with the sentence for the operator, if it is not
     */
    void check(String value) throws OptionException;
  }

  /** Returns the attribute for a property of the option grammar. */
  static Attribute of(PropertyDefinition<?> property) {
    return new Attribute(
        property.name(),
        property.description(),
        0,
        property.absence(),
        property.type().choices(),
        property.type()::parse);
  }

  /** Returns an attribute with one value, which may be left out. */
  static Attribute optional(String id, String description, Check check) {
    return new Attribute(
        id, description, 0, new PropertyDefinition.Absence.Unset(), List.of(), check);
  }

  /** Returns an attribute with any number of values. */
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

  /** Returns why {@code value} is refused, as one sentence; empty if it is allowed. */
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
