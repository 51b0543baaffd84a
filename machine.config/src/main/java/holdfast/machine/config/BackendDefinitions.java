package holdfast.machine.config;

import holdfast.backend.api.MemoryAdvice;
import holdfast.backend.api.RamBlockSpec;
import holdfast.machine.config.options.OptionException;
import holdfast.machine.config.options.ParsedObject;
import holdfast.machine.config.options.TypeDefinition;
import holdfast.machine.config.options.TypedOption;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;

/** The types of {@code -object}: their properties, and the block that an object asks for. */
public final class BackendDefinitions {
  private static final String PID_PREFIX = "holdfast.";

  /** The configuration property of a memory backend that holds the filter on allocators. */
  public static final String ALLOCATOR_TARGET = "allocator.target";

  /** The factory PID of the configurations of {@code memory-backend-file}. */
  public static final String FILE_PID = "holdfast.memory.backend.file";

  /** The factory PID of the configurations of {@code memory-backend-memfd}. */
  public static final String MEMFD_PID = "holdfast.memory.backend.memfd";

  /** The factory PID of the configurations of {@code memory-backend-ram}. */
  public static final String RAM_PID = "holdfast.memory.backend.ram";

  /** {@code memory-backend-file}. */
  public static final TypeDefinition FILE = FileBackend.TYPE;

  /** {@code memory-backend-memfd}. */
  public static final TypeDefinition MEMFD = MemfdBackend.TYPE;

  /** {@code memory-backend-ram}. */
  public static final TypeDefinition RAM = RamBackend.TYPE;

  private static final List<BackendType> TYPES =
      List.of(new FileBackend(), new MemfdBackend(), new RamBackend());

  /** {@code -object}. */
  public static final TypedOption OPTION =
      new TypedOption("-object", "qom-type", TYPES.stream().map(BackendType::definition).toList());

  /** The properties whose values are the paths of files. */
  public static final List<String> FILES = FileBackend.PATHS;

  private BackendDefinitions() {}

  /**
   * Returns the type with this name.
   *
   * @throws IllegalArgumentException if there is none
   */
  public static TypeDefinition type(String name) {
    return OPTION.types().stream()
        .filter(one -> one.name().equals(name))
        .findFirst()
        .orElseThrow(() -> new IllegalArgumentException(name + " is not a type"));
  }

  /**
   * Returns the factory PID of a type's configurations: its name, with dots instead of dashes,
   * because File Install takes the part of a file's name after a dash as the name of a factory
   * configuration.
   */
  public static String factoryPid(String typeName) {
    return PID_PREFIX + typeName.replace('-', '.');
  }

  /**
   * Returns the block that an object asks for.
   *
   * @param standard the advice for what the object leaves open
   * @throws OptionException if its properties contradict each other
   */
  public static RamBlockSpec spec(ParsedObject object, MemoryAdvice standard)
      throws OptionException {
    return typeOf(object).spec(object, standard);
  }

  /** Returns the object with all its advice properties set as in {@code advice}. */
  public static ParsedObject withAdvice(ParsedObject object, MemoryAdvice advice) {
    return object
        .with(CommonProperties.MERGE, advice.merge())
        .with(CommonProperties.DUMP, advice.dump());
  }

  /** Returns the file to which the bytes are copied if the memory fails. */
  public static Optional<Path> standby(ParsedObject object) {
    return typeOf(object).standby(object);
  }

  /** Returns whether all pages of {@code object} are to be made present. */
  public static boolean isPreallocated(ParsedObject object) {
    return object.get(CommonProperties.PREALLOC);
  }

  /** Returns the object with {@code prealloc} on or off. */
  public static ParsedObject withPreallocation(ParsedObject object, boolean preallocated) {
    return object.with(CommonProperties.PREALLOC, preallocated);
  }

  /** Returns the greatest number of threads that make its pages present. */
  public static OptionalInt threads(ParsedObject object) {
    return CommonProperties.threads(object);
  }

  private static BackendType typeOf(ParsedObject object) {
    return TYPES.stream()
        .filter(type -> type.definition().equals(object.type()))
        .findFirst()
        .orElseThrow(
            () -> new IllegalArgumentException(object.typeName() + " is no memory backend"));
  }
}
