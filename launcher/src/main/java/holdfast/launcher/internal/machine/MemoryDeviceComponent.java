package holdfast.launcher.internal.machine;

import holdfast.launcher.internal.options.OptionException;
import holdfast.launcher.internal.options.ParsedObject;
import holdfast.launcher.internal.options.TypeDefinition;
import java.util.Map;

/** A memory device that was configured. It only declares; the machine plugs it. */
public abstract class MemoryDeviceComponent {
  private final TypeDefinition type;
  private volatile Declaration declaration;
  private volatile Runnable onChange = () -> {};

  MemoryDeviceComponent(TypeDefinition type, Map<String, ?> configuration) {
    this.type = type;
    this.declaration = Declaration.read(type, configuration);
  }

  /** A change of configuration; a plugged device can't change under its guest. */
  void change(Map<String, ?> changed) {
    declaration = Declaration.read(type, changed);
    onChange.run();
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

  /** {@code listener} is called after each change of the configuration, instead of one before. */
  void onChange(Runnable listener) {
    onChange = listener;
  }
}
