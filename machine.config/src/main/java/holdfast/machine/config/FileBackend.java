package holdfast.machine.config;

import static holdfast.machine.config.CommonProperties.addIf;
import static holdfast.machine.config.CommonProperties.refusal;

import holdfast.backend.api.Alignment;
import holdfast.backend.api.Backing;
import holdfast.backend.api.ByteSize;
import holdfast.backend.api.DurabilityPolicy;
import holdfast.backend.api.MemoryAdvice;
import holdfast.backend.api.RamBlockSpec;
import holdfast.backend.api.RamFlag;
import holdfast.machine.config.options.OptionException;
import holdfast.machine.config.options.ParsedObject;
import holdfast.machine.config.options.PropertyDefinition;
import holdfast.machine.config.options.PropertyType;
import holdfast.machine.config.options.TypeDefinition;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.EnumSet;
import java.util.List;
import java.util.Optional;

/** {@code memory-backend-file}: memory in a file or on a DAX device. */
record FileBackend() implements BackendType {
  private static final PropertyDefinition<String> MEM_PATH =
      PropertyDefinition.required(
          "mem-path",
          PropertyType.text(),
          "the file or DAX device that holds the bytes; a missing file is created; in a folder, a"
              + " file without a name");
  private static final PropertyDefinition<Boolean> SHARE =
      CommonProperties.share(
          "off", "on: stores reach the file; off: they go to private copies and are lost at end");
  private static final PropertyDefinition<ByteSize> ALIGN =
      PropertyDefinition.withDefault(
          "align",
          PropertyType.size(),
          "0",
          "the alignment of host and guest addresses, a power of two; 0: the page size");
  private static final PropertyDefinition<ByteSize> OFFSET =
      PropertyDefinition.withDefault(
          "offset",
          PropertyType.size(),
          "0",
          "where in the file the memory begins, a multiple of the page size");
  private static final PropertyDefinition<Boolean> PMEM =
      PropertyDefinition.withDefault(
          "pmem",
          PropertyType.bool(),
          "off",
          "the backing is persistent memory; with share=on, MAP_SYNC is attempted");
  private static final PropertyDefinition<Boolean> READONLY =
      PropertyDefinition.withDefault(
          "readonly", PropertyType.bool(), "off", "open the file for reading only");
  private static final PropertyDefinition<Rom> ROM =
      PropertyDefinition.withDefault(
          "rom",
          PropertyType.choice(Rom.class),
          "auto",
          "on: the memory can't be stored into; off: it can, privately, though the file can't;"
              + " auto: as readonly");
  private static final PropertyDefinition<Boolean> DISCARD_DATA =
      PropertyDefinition.withDefault(
              "discard-data",
              PropertyType.bool(),
              "off",
              "throw the content of the file away at an orderly end")
          .whichIsLive();
  private static final PropertyDefinition<String> STANDBY =
      PropertyDefinition.optional(
          "x-standby",
          PropertyType.text(),
          "a file that doesn't exist yet, to which what can still be read is copied if the memory"
              + " fails");

  /** The names of the properties whose values are paths. */
  static final List<String> PATHS = List.of(MEM_PATH.name(), STANDBY.name());

  private static final PropertyDefinition<DurabilityPolicy> DURABILITY =
      PropertyDefinition.withDefault(
          "x-durability",
          PropertyType.choice(DurabilityPolicy.class),
          "warn",
          "what less than cache-line granularity does: warn, require (refuse to start) or off");
  private static final PropertyDefinition<Boolean> FOLLOW_SYMLINK =
      PropertyDefinition.withDefault(
          "x-follow-symlink",
          PropertyType.bool(),
          "off",
          "follow a symbolic link in the last component of mem-path");

  static final TypeDefinition TYPE =
      CommonProperties.type(
          "memory-backend-file",
          "guest memory in a file or on a DAX device",
          List.of(MEM_PATH, SHARE, ALIGN, OFFSET, PMEM, READONLY, ROM, DISCARD_DATA),
          List.of(STANDBY, DURABILITY, FOLLOW_SYMLINK));

  @Override
  public TypeDefinition definition() {
    return TYPE;
  }

  @Override
  public RamBlockSpec spec(ParsedObject object, MemoryAdvice standard) throws OptionException {
    requireFileAsStandby(object);
    Backing file = new Backing.File(path(object), object.get(OFFSET), object.get(FOLLOW_SYMLINK));
    Alignment align = align(object);
    RamBlockSpec block = CommonProperties.block(object, file, flags(object), standard);
    MemoryAdvice advice = block.advice();
    return block
        .withAlign(align)
        .withAdvice(new MemoryAdvice(advice.merge(), advice.dump(), object.get(DISCARD_DATA)))
        .withPolicy(object.get(DURABILITY));
  }

  @Override
  public Optional<Path> standby(ParsedObject object) {
    return object.find(STANDBY).map(Path::of);
  }

  private static void requireFileAsStandby(ParsedObject object) throws OptionException {
    Optional<String> standby = object.find(STANDBY);
    if (standby.isPresent()
        && (namesFolder(standby.get()) || Files.isDirectory(Path.of(standby.get())))) {
      throw refusal(
          object, "x-standby=" + standby.get() + " names a folder: name a file that is to be made");
    }
  }

  /**
   * Returns the path; refuses one that ends in a slash unless it is a folder. open(2) takes such a
   * path as a folder's name, but {@link Path} drops the slash, and a file with that name would be
   * created.
   */
  private static Path path(ParsedObject object) throws OptionException {
    String text = object.get(MEM_PATH);
    Path path = Path.of(text);
    if (namesFolder(text) && !Files.isDirectory(path)) {
      throw refusal(
          object,
          "mem-path="
              + text
              + " names a folder, and "
              + (Files.exists(path) ? "there is something else" : "there is none")
              + ": make the folder first, or, for a file, end with its name");
    }
    return path;
  }

  private static boolean namesFolder(String text) {
    String last = text.substring(text.lastIndexOf('/') + 1);
    return last.isEmpty() || last.equals(".") || last.equals("..");
  }

  private static Alignment align(ParsedObject object) throws OptionException {
    ByteSize align = object.get(ALIGN);
    try {
      return new Alignment(align.bytes());
    } catch (IllegalArgumentException e) {
      throw refusal(object, "align=" + align + " is not a power of two: write one, such as 2M");
    }
  }

  private static EnumSet<RamFlag> flags(ParsedObject object) throws OptionException {
    EnumSet<RamFlag> flags = EnumSet.noneOf(RamFlag.class);
    addIf(flags, object.get(SHARE), RamFlag.RAM_SHARED);
    addIf(flags, object.get(PMEM), RamFlag.RAM_PMEM);
    addIf(flags, object.get(READONLY), RamFlag.RAM_READONLY_FD);
    addIf(flags, isRom(object), RamFlag.RAM_READONLY);
    return flags;
  }

  private static boolean isRom(ParsedObject object) throws OptionException {
    boolean readOnly = object.get(READONLY);
    return switch (object.get(ROM)) {
      case AUTO -> readOnly;
      case ON -> {
        if (!readOnly) {
          throw refusal(object, "rom=on needs readonly=on: add it, or leave rom=on out");
        }
        yield true;
      }
      case OFF -> {
        if (readOnly && object.get(SHARE)) {
          throw refusal(
              object,
              "rom=off with readonly=on and share=on: stores can't reach a file that is opened for"
                  + " reading only; set share=off, and they go to private copies");
        }
        yield false;
      }
    };
  }
}
