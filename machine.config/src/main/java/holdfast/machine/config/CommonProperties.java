package holdfast.machine.config;

import holdfast.backend.api.Alignment;
import holdfast.backend.api.BackendId;
import holdfast.backend.api.Backing;
import holdfast.backend.api.ByteSize;
import holdfast.backend.api.DurabilityPolicy;
import holdfast.backend.api.IllegalRamFlagsException;
import holdfast.backend.api.MemoryAdvice;
import holdfast.backend.api.NumaBinding;
import holdfast.backend.api.NumaPolicy;
import holdfast.backend.api.Preallocation;
import holdfast.backend.api.RamBlockSpec;
import holdfast.backend.api.RamFlag;
import holdfast.machine.config.options.OptionException;
import holdfast.machine.config.options.ParsedObject;
import holdfast.machine.config.options.PropertyDefinition;
import holdfast.machine.config.options.PropertyType;
import holdfast.machine.config.options.TypeDefinition;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.OptionalInt;
import java.util.SortedSet;

/** The properties that memory backends of all types have, and what they ask for. */
final class CommonProperties {
  /** The highest number of a NUMA node of the host, as in QEMU. */
  private static final int LAST_NODE = 127;

  private static final long MOST_THREADS = 0xFFFF_FFFFL;

  private static final SortedSet<Integer> NO_NODES = NumaBinding.NONE.hostNodes();

  private static final PropertyDefinition<String> ID =
      PropertyDefinition.required(
          "id", PropertyType.identifier(), "the name by which devices and commands refer to it");
  private static final PropertyDefinition<ByteSize> SIZE =
      PropertyDefinition.required(
          "size", PropertyType.size(), "how many bytes to map, a multiple of the page size");
  static final PropertyDefinition<Boolean> MERGE =
      PropertyDefinition.optional(
              "merge",
              PropertyType.bool(),
              "let the host merge equal pages (KSM); left out: as -machine mem-merge")
          .whichIsLive();
  static final PropertyDefinition<Boolean> DUMP =
      PropertyDefinition.optional(
              "dump",
              PropertyType.bool(),
              "make the memory part of core dumps; left out: as -machine dump-guest-core")
          .whichIsLive();
  static final PropertyDefinition<Boolean> PREALLOC =
      PropertyDefinition.withDefault(
              "prealloc", PropertyType.bool(), "off", "make every page present at the start")
          .whichIsLive();
  private static final PropertyDefinition<Long> PREALLOC_THREADS =
      PropertyDefinition.optional(
          "prealloc-threads",
          PropertyType.integer(1, MOST_THREADS),
          "by at most how many threads; left out: as many as there are processors");
  private static final PropertyDefinition<Boolean> RESERVE =
      PropertyDefinition.withDefault(
          "reserve",
          PropertyType.bool(),
          "on",
          "set space aside at the start: of the file system, of huge pages, of swap");
  private static final PropertyDefinition<SortedSet<Integer>> HOST_NODES =
      PropertyDefinition.optional(
          "host-nodes",
          PropertyType.numbers(LAST_NODE),
          "the host's NUMA nodes that pages come from; needs policy");
  private static final PropertyDefinition<NumaPolicy> POLICY =
      PropertyDefinition.withDefault(
          "policy",
          PropertyType.choice(NumaPolicy.class),
          "default",
          "how host-nodes are used, mbind(2)");

  private CommonProperties() {}

  /**
   * Returns the property {@code share}, which has another default and another meaning in each type.
   */
  static PropertyDefinition<Boolean> share(String standard, String description) {
    return PropertyDefinition.withDefault("share", PropertyType.bool(), standard, description);
  }

  /**
   * Returns a type with the common properties and its own.
   *
   * @param first its own that come after the id and the size
   * @param last its own that come last
   */
  static TypeDefinition type(
      String name,
      String description,
      List<PropertyDefinition<?>> first,
      List<PropertyDefinition<?>> last) {
    List<PropertyDefinition<?>> all = new ArrayList<>(List.of(ID, SIZE));
    all.addAll(first);
    all.addAll(List.of(MERGE, DUMP, PREALLOC, PREALLOC_THREADS, RESERVE, HOST_NODES, POLICY));
    all.addAll(last);
    return new TypeDefinition(name, description, all);
  }

  /**
   * Returns the block that the common properties ask for: aligned to the page size, and with the
   * policy {@code warn}.
   *
   * @param flags those of the type's own properties
   * @param standard the advice for what the object leaves open
   * @throws OptionException if its properties contradict each other
   */
  static RamBlockSpec block(
      ParsedObject object, Backing backing, EnumSet<RamFlag> flags, MemoryAdvice standard)
      throws OptionException {
    EnumSet<RamFlag> all = EnumSet.copyOf(flags);
    addIf(all, !object.get(RESERVE), RamFlag.RAM_NORESERVE);
    try {
      return new RamBlockSpec(
          new BackendId(object.get(ID)),
          backing,
          object.get(SIZE),
          Alignment.PAGE_SIZE,
          all,
          new Preallocation(object.get(PREALLOC), threads(object)),
          new NumaBinding(object.get(POLICY), object.find(HOST_NODES).orElse(NO_NODES)),
          new MemoryAdvice(
              object.find(MERGE).orElse(standard.merge()),
              object.find(DUMP).orElse(standard.dump()),
              false),
          DurabilityPolicy.WARN);
    } catch (IllegalRamFlagsException e) {
      throw refusal(object, e.reason());
    } catch (IllegalArgumentException e) {
      throw refusal(object, e.getMessage() + "");
    }
  }

  /** Returns the greatest number of threads that make its pages present. */
  static OptionalInt threads(ParsedObject object) {
    return object.find(PREALLOC_THREADS).stream()
        .mapToInt(threads -> (int) Math.min(threads, Integer.MAX_VALUE))
        .findFirst();
  }

  static void addIf(EnumSet<RamFlag> flags, boolean condition, RamFlag flag) {
    if (condition) {
      flags.add(flag);
    }
  }

  /** Returns a refusal that names the object. */
  static OptionException refusal(ParsedObject object, String sentence) {
    return new OptionException(sentence)
        .within(object.typeName() + " '" + object.id().orElse("") + "': ");
  }
}
