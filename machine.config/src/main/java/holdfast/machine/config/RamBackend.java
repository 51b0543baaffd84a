package holdfast.machine.config;

import holdfast.backend.api.Backing;
import holdfast.backend.api.MemoryAdvice;
import holdfast.backend.api.RamBlockSpec;
import holdfast.backend.api.RamFlag;
import holdfast.machine.config.options.OptionException;
import holdfast.machine.config.options.ParsedObject;
import holdfast.machine.config.options.PropertyDefinition;
import holdfast.machine.config.options.TypeDefinition;
import java.util.EnumSet;
import java.util.List;

/** {@code memory-backend-ram}: plain memory. */
record RamBackend() implements BackendType {
  private static final PropertyDefinition<Boolean> SHARE =
      CommonProperties.share(
          "off", "on: shared with processes that are handed it; off: the process' own");

  static final TypeDefinition TYPE =
      CommonProperties.type(
          "memory-backend-ram",
          "guest memory that ends with the process",
          List.of(SHARE),
          List.of());

  @Override
  public TypeDefinition definition() {
    return TYPE;
  }

  @Override
  public RamBlockSpec spec(ParsedObject object, MemoryAdvice standard) throws OptionException {
    EnumSet<RamFlag> flags = EnumSet.noneOf(RamFlag.class);
    CommonProperties.addIf(flags, object.get(SHARE), RamFlag.RAM_SHARED);
    return CommonProperties.block(object, new Backing.Anonymous(), flags, standard);
  }
}
