package holdfast.launcher.internal.machine;

import holdfast.launcher.internal.options.OptionException;
import holdfast.launcher.internal.options.ParsedObject;
import holdfast.launcher.internal.options.TypeDefinition;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.osgi.framework.Constants;

/**
 * A configuration of a memory backend or a device, read but not acted upon. A component must not
 * fail to activate on a mistake in it, since the operator would never hear of that: the mistake is
 * kept, and told when the machine comes up.
 */
final class Declaration {
  private final String name;
  private final @Nullable ParsedObject object;
  private final @Nullable OptionException mistake;

  private Declaration(
      String name, @Nullable ParsedObject object, @Nullable OptionException mistake) {
    this.name = name;
    this.object = object;
    this.mistake = mistake;
  }

  /**
   * Reads the configuration with the properties {@code dictionary} by the definition of its type.
   */
  static Declaration read(TypeDefinition type, Map<String, ?> dictionary) {
    String pid = "" + dictionary.get(Constants.SERVICE_PID);
    String name = pid.substring(pid.indexOf('~') + 1);
    try {
      return new Declaration(
          name, type.checkConfiguration("configuration " + pid, dictionary), null);
    } catch (OptionException e) {
      return new Declaration(name, null, e);
    }
  }

  /**
   * By which the machine's configuration lists it: the name of the factory configuration, which is
   * what follows {@code ~} in its PID (OSGi Compendium 104.4.2).
   */
  String name() {
    return name;
  }

  /**
   * What it declares.
   *
   * @throws OptionException the mistake in it
   */
  ParsedObject object() throws OptionException {
    if (object == null) {
      throw Objects.requireNonNull(mistake);
    }
    return object;
  }
}
