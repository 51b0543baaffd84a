package holdfast.machine.config;

import holdfast.backend.api.Backing;
import holdfast.backend.api.ByteSize;
import holdfast.backend.api.MemoryAdvice;
import holdfast.backend.api.RamBlockSpec;
import holdfast.backend.api.RamFlag;
import holdfast.machine.config.options.OptionException;
import holdfast.machine.config.options.ParsedObject;
import holdfast.machine.config.options.PropertyDefinition;
import holdfast.machine.config.options.PropertyType;
import holdfast.machine.config.options.TypeDefinition;
import java.util.EnumSet;
import java.util.List;

/** {@code memory-backend-memfd}: memory in a file without a name, which can be of huge pages. */
record MemfdBackend() implements BackendType {
  private static final PropertyDefinition<Boolean> SHARE =
      CommonProperties.share("on", "on: stores reach the memfd; off: they go to private copies");
  private static final PropertyDefinition<Boolean> HUGETLB =
      PropertyDefinition.withDefault(
          "hugetlb", PropertyType.bool(), "off", "make it of huge pages");
  private static final PropertyDefinition<ByteSize> HUGETLBSIZE =
      PropertyDefinition.withDefault(
          "hugetlbsize",
          PropertyType.size(),
          "0",
          "the size of the huge pages, a power of two; 0: the host's default");
  private static final PropertyDefinition<Boolean> SEAL =
      PropertyDefinition.withDefault(
          "seal", PropertyType.bool(), "on", "seal its size against whoever is handed the memfd");

  static final TypeDefinition TYPE =
      CommonProperties.type(
          "memory-backend-memfd",
          "guest memory that ends with the process, in a file without a name",
          List.of(SHARE, HUGETLB, HUGETLBSIZE, SEAL),
          List.of());

  @Override
  public TypeDefinition definition() {
    return TYPE;
  }

  @Override
  public RamBlockSpec spec(ParsedObject object, MemoryAdvice standard) throws OptionException {
    ByteSize page = object.get(HUGETLBSIZE);
    if (Long.bitCount(page.bytes()) > 1) {
      throw CommonProperties.refusal(
          object, "hugetlbsize=" + page + " is not a power of two: write one, such as 2M");
    }
    EnumSet<RamFlag> flags = EnumSet.noneOf(RamFlag.class);
    CommonProperties.addIf(flags, object.get(SHARE), RamFlag.RAM_SHARED);
    return CommonProperties.block(
        object, new Backing.Memfd(object.get(HUGETLB), page, object.get(SEAL)), flags, standard);
  }
}
