package holdfast.launcher.internal.metatype;

import holdfast.machine.config.options.TypeDefinition;
import java.io.InputStream;
import java.util.List;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.osgi.service.metatype.AttributeDefinition;
import org.osgi.service.metatype.ObjectClassDefinition;

/**
 * All properties of the configurations of one PID.
 *
 * @param pid the PID or factory PID
 * @param description one line, without a full stop
 * @param attributes in the order of the help text
 */
record ConfigurationDescription(String pid, String description, List<Attribute> attributes)
    implements ObjectClassDefinition {

  /**
   * Returns the description of a type of objects or devices, or of the machine.
   *
   * @param more properties that no option sets
   */
  static ConfigurationDescription of(String pid, TypeDefinition type, Attribute... more) {
    return new ConfigurationDescription(
        pid,
        type.description(),
        Stream.concat(type.properties().stream().map(Attribute::of), Stream.of(more)).toList());
  }

  @Override
  public String getID() {
    return pid;
  }

  @Override
  public String getName() {
    return pid;
  }

  @Override
  public String getDescription() {
    return description;
  }

  @Override
  public AttributeDefinition[] getAttributeDefinitions(int filter) {
    return attributes.stream()
        .filter(attribute -> (filter & (attribute.isRequired() ? REQUIRED : OPTIONAL)) != 0)
        .toArray(AttributeDefinition[]::new);
  }

  /** Returns null: there is no icon. */
  @Override
  public @Nullable InputStream getIcon(int size) {
    return null;
  }
}
