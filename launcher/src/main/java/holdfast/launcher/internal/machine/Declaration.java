package holdfast.launcher.internal.machine;

import holdfast.backend.api.MemoryAdvice;
import holdfast.backend.api.RamBlockSpec;
import holdfast.launcher.internal.options.OptionException;
import holdfast.launcher.internal.options.ParsedObject;
import holdfast.launcher.internal.options.TypeDefinition;
import holdfast.launcher.internal.options.TypedOption;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.osgi.framework.Filter;
import org.osgi.framework.FrameworkUtil;
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
   * The block that a memory backend asks for.
   *
   * @param standard the advice for what the properties leave open
   * @throws OptionException the mistake in a property
   * @throws MachineException a contradiction between properties
   */
  RamBlockSpec spec(MemoryAdvice standard) throws OptionException, MachineException {
    return BackendDefinitions.spec(object(), standard);
  }

  /**
   * The filter on the allocators that a memory backend may use, null for any.
   *
   * @throws MachineException if it is not a filter
   */
  @Nullable Filter target() throws MachineException {
    String target =
        wish.properties().getOrDefault(BackendDefinitions.ALLOCATOR_TARGET, "").toString().strip();
    if (target.isEmpty()) {
      return null;
    }
    try {
      return FrameworkUtil.createFilter(target);
    } catch (InvalidSyntaxException e) {
      throw new MachineException(
          "memory backend '"
              + name()
              + "': "
              + BackendDefinitions.ALLOCATOR_TARGET
              + "="
              + target
              + " is not an OSGi filter: write one, such as (backend.kind=file), without quotes");
    }
  }
}
