package holdfast.launcher.internal.machine;

import holdfast.launcher.internal.options.OptionException;
import holdfast.launcher.internal.options.ParsedObject;
import holdfast.launcher.internal.options.TypeDefinition;
import java.util.Map;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** A memory device that was configured. It only declares; the machine plugs it. */
public abstract class MemoryDeviceComponent {
  private static final Logger LOG = LoggerFactory.getLogger(MemoryDeviceComponent.class);

  private final Declaration declaration;

  MemoryDeviceComponent(TypeDefinition type, Map<String, ?> configuration) {
    this.declaration = Declaration.read(type, configuration);
  }

  /** A plugged device can't change under its guest. */
  void change(Map<String, ?> changed) {
    LOG.warn(
        "device '{}': its configuration changed; the change takes effect when the machine starts"
            + " again",
        name());
  }

  /** By which the machine's configuration lists it. */
  String name() {
    return declaration.name();
  }

  /**
   * What is asked for.
   *
   * @throws OptionException the mistake in the configuration
   */
  ParsedObject device() throws OptionException {
    return declaration.object();
  }
}
