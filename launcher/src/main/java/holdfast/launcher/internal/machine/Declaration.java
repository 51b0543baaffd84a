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
 * A configuration of a memory backend or a device, which declares one; nothing is acted upon here.
 *
 * @param type the type of what is declared
 * @param wish what the configuration says
 */
record Declaration(TypeDefinition type, Wish wish) {
  /** The memory backend that a configuration declares, if it declares one. */
  static Optional<Declaration> backend(Wish wish) {
    return of(BackendDefinitions.OPTION, wish);
  }

  /** The device that a configuration declares, if it declares one. */
  static Optional<Declaration> device(Wish wish) {
    return of(DeviceDefinitions.OPTION, wish);
  }

  private static Optional<Declaration> of(TypedOption option, Wish wish) {
    return option.types().stream()
        .filter(type -> BackendDefinitions.factoryPid(type.name()).equals(wish.factoryPid()))
        .map(type -> new Declaration(type, wish))
        .findFirst();
  }

  /** By which the machine's configuration lists it. */
  String name() {
    return wish.name();
  }

  /**
   * What it declares.
   *
   * @throws OptionException the mistake in it
   */
  ParsedObject object() throws OptionException {
    return type.checkConfiguration(wish.place(), wish.properties());
  }

  /**
   * The memory backend that it declares.
   *
   * @throws OptionException the mistake in it
   */
  BackendSpec backend() throws OptionException {
    return new BackendSpec(object(), allocator());
  }

  /**
   * The device that it declares.
   *
   * @throws OptionException the mistake in it
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
