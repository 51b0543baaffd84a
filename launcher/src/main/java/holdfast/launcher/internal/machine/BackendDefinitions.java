package holdfast.launcher.internal.machine;

import holdfast.backend.api.Alignment;
import holdfast.backend.api.BackendId;
import holdfast.backend.api.Backing;
import holdfast.backend.api.ByteSize;
import holdfast.backend.api.DurabilityPolicy;
import holdfast.backend.api.IllegalRamFlagsException;
import holdfast.backend.api.RamBlockSpec;
import holdfast.backend.api.RamFlag;
import holdfast.launcher.internal.options.ParsedObject;
import holdfast.launcher.internal.options.PropertyDefinition;
import holdfast.launcher.internal.options.PropertyType;
import holdfast.launcher.internal.options.TypeDefinition;
import holdfast.launcher.internal.options.TypedOption;
import java.nio.file.Path;
import java.util.EnumSet;
import java.util.List;

/** The types of {@code -object}: their properties, and the block that an object asks for. */
public final class BackendDefinitions {
  private static final PropertyDefinition<String> ID =
      PropertyDefinition.required(
          "id", PropertyType.identifier(), "the name by which devices and commands refer to it");
  private static final PropertyDefinition<ByteSize> SIZE =
      PropertyDefinition.required(
          "size", PropertyType.size(), "how many bytes to map, a multiple of the page size");
  private static final PropertyDefinition<String> MEM_PATH =
      PropertyDefinition.required(
          "mem-path",
          PropertyType.text(),
          "the file or DAX device that holds the bytes; a missing file is created");
  private static final PropertyDefinition<Boolean> SHARE =
      PropertyDefinition.withDefault(
          "share",
          PropertyType.bool(),
          "off",
          "on: stores reach the file; off: they go to private copies and are lost at the end");
  private static final PropertyDefinition<ByteSize> ALIGN =
      PropertyDefinition.withDefault(
          "align",
          PropertyType.size(),
          "0",
          "the alignment of host and guest addresses, a power of two; 0: the page size");
  private static final PropertyDefinition<Boolean> PMEM =
      PropertyDefinition.withDefault(
          "pmem",
          PropertyType.bool(),
          "off",
          "the backing is persistent memory; with share=on, MAP_SYNC is attempted");
  private static final PropertyDefinition<Boolean> READONLY =
      PropertyDefinition.withDefault(
          "readonly", PropertyType.bool(), "off", "open and map the file for reading only");
  private static final PropertyDefinition<Boolean> PREALLOC =
      PropertyDefinition.withDefault(
          "prealloc", PropertyType.bool(), "off", "make every page present at the start");
  private static final PropertyDefinition<DurabilityPolicy> DURABILITY =
      PropertyDefinition.withDefault(
          "x-durability",
          PropertyType.choice(DurabilityPolicy.class),
          "warn",
          "what less than cache-line granularity does: warn, require (refuse to start) or off");

  /** {@code memory-backend-file}. */
  public static final TypeDefinition FILE =
      new TypeDefinition(
          "memory-backend-file",
          "guest memory in a file or on a DAX device",
          List.of(ID, SIZE, MEM_PATH, SHARE, ALIGN, PMEM, READONLY, PREALLOC, DURABILITY));

  /** {@code memory-backend-ram}. */
  public static final TypeDefinition RAM =
      new TypeDefinition(
          "memory-backend-ram",
          "guest memory that ends with the process",
          List.of(ID, SIZE, SHARE, PREALLOC));

  /** {@code -object}. */
  public static final TypedOption OPTION =
      new TypedOption("-object", "qom-type", List.of(FILE, RAM));

  private BackendDefinitions() {}

  /**
   * The block that an object asks for.
   *
   * @throws MachineException if its properties contradict each other
   */
  static RamBlockSpec spec(ParsedObject object) throws MachineException {
    BackendId id = new BackendId(object.get(ID));
    EnumSet<RamFlag> flags = EnumSet.noneOf(RamFlag.class);
    addIf(flags, object, SHARE, RamFlag.RAM_SHARED);
    boolean inFile = object.typeName().equals(FILE.name());
    if (inFile) {
      addIf(flags, object, PMEM, RamFlag.RAM_PMEM);
      addIf(flags, object, READONLY, RamFlag.RAM_READONLY);
    }
    try {
      return new RamBlockSpec(
          id,
          inFile ? new Backing.File(Path.of(object.get(MEM_PATH))) : new Backing.Anonymous(),
          object.get(SIZE),
          inFile ? align(object) : Alignment.PAGE_SIZE,
          flags,
          object.get(PREALLOC),
          inFile ? object.get(DURABILITY) : DurabilityPolicy.WARN);
    } catch (IllegalRamFlagsException e) {
      throw refusal(object, e.reason());
    } catch (IllegalArgumentException e) {
      throw refusal(object, e.getMessage() + "");
    }
  }

  private static Alignment align(ParsedObject object) throws MachineException {
    ByteSize align = object.get(ALIGN);
    try {
      return new Alignment(align.bytes());
    } catch (IllegalArgumentException e) {
      throw refusal(object, "align=" + align + " is not a power of two: write one, such as 2M");
    }
  }

  private static void addIf(
      EnumSet<RamFlag> flags,
      ParsedObject object,
      PropertyDefinition<Boolean> property,
      RamFlag flag) {
    if (object.get(property)) {
      flags.add(flag);
    }
  }

  private static MachineException refusal(ParsedObject object, String sentence) {
    return new MachineException(
        object.typeName() + " '" + object.id().orElse("") + "': " + sentence);
  }
}
