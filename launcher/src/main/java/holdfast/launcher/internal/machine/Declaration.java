package holdfast.launcher.internal.machine;

import holdfast.machine.config.AllocatorFilter;
import holdfast.machine.config.BackendDefinitions;
import holdfast.machine.config.BackendSpec;
import holdfast.machine.config.DeviceDefinitions;
import holdfast.machine.config.DeviceSpec;
import holdfast.machine.config.options.OptionException;
import holdfast.machine.config.options.ParsedObject;
import holdfast.machine.config.options.TypeDefinition;
import holdfast.machine.config.options.TypedOption;
import java.util.Optional;
import org.osgi.framework.InvalidSyntaxException;

/**
 * A configuration that declares a memory backend or a device. Nothing is acted upon here.
 *
 * @param type the type of what is declared
 * @param wish the content of the configuration
 */
record Declaration(TypeDefinition type, Wish wish) {
  /** Returns the memory backend that a configuration declares, if it declares one. */
  static Optional<Declaration> backend(Wish wish) {
    return of(BackendDefinitions.OPTION, wish);
  }

  /** Returns the device that a configuration declares, if it declares one. */
  static Optional<Declaration> device(Wish wish) {
    return of(DeviceDefinitions.OPTION, wish);
  }

  private static Optional<Declaration> of(TypedOption option, Wish wish) {
    return option.types().stream()
        .filter(type -> BackendDefinitions.factoryPid(type.name()).equals(wish.factoryPid()))
        .map(type -> new Declaration(type, wish))
        .findFirst();
  }

  /** Returns the name by which the machine's configuration lists it. */
  String name() {
    return wish.name();
  }

  /**
   * Returns the declared object.
   *
   * @throws OptionException if the configuration has a mistake
   */
  ParsedObject object() throws OptionException {
    return type.checkConfiguration(wish.place(), wish.properties());
  }

  /**
   * Returns the declared memory backend.
   *
   * @throws OptionException if the configuration has a mistake
   */
  BackendSpec backend() throws OptionException {
    return new BackendSpec(object(), allocator());
  }

  /**
   * Returns the declared device.
   *
   * @throws OptionException if the configuration has a mistake
   */
  DeviceSpec device() throws OptionException {
    return DeviceDefinitions.spec(object(), name());
  }

  private AllocatorFilter allocator() throws OptionException {
    String target =
        wish.properties().getOrDefault(BackendDefinitions.ALLOCATOR_TARGET, "").toString().strip();
    if (target.isEmpty()) {
      return AllocatorFilter.ANY;
    }
    try {
      return OsgiFilter.parse(target);
    } catch (InvalidSyntaxException e) {
      throw new OptionException(
          wish.placed("memory backend '")
              + name()
              + "': "
              + BackendDefinitions.ALLOCATOR_TARGET
              + "="
              + target
              + " is not an OSGi filter: write one, such as (backend.kind=file), without quotes");
    }
  }
}
