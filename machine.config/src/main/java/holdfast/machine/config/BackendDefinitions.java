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
import holdfast.machine.config.options.TypedOption;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.SortedSet;

/** The types of {@code -object}: their properties, and the block that an object asks for. */
public final class BackendDefinitions {
  /** The highest number of a NUMA node of the host, as in QEMU. */
  private static final int LAST_NODE = 127;

  private static final String PID_PREFIX = "holdfast.";

  /** The configuration property of a memory backend that holds the filter on allocators. */
  public static final String ALLOCATOR_TARGET = "allocator.target";

  /** The factory PID of the configurations of {@code memory-backend-file}. */
  public static final String FILE_PID = "holdfast.memory.backend.file";

  /** The factory PID of the configurations of {@code memory-backend-memfd}. */
  public static final String MEMFD_PID = "holdfast.memory.backend.memfd";

  /** The factory PID of the configurations of {@code memory-backend-ram}. */
  public static final String RAM_PID = "holdfast.memory.backend.ram";

  private static final long MOST_THREADS = 0xFFFF_FFFFL;

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
          "the file or DAX device that holds the bytes; a missing file is created; in a folder, a"
              + " file without a name");
  private static final PropertyDefinition<Boolean> SHARE =
      share("off", "on: stores reach the file; off: they go to private copies and are lost at end");
  private static final PropertyDefinition<Boolean> SHARE_MEMORY =
      share("off", "on: shared with processes that are handed it; off: the process' own");
  private static final PropertyDefinition<Boolean> SHARE_MEMFD =
      share("on", "on: stores reach the memfd; off: they go to private copies");
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
  private static final PropertyDefinition<Boolean> MERGE =
      PropertyDefinition.optional(
              "merge",
              PropertyType.bool(),
              "let the host merge equal pages (KSM); left out: as -machine mem-merge")
          .whichIsLive();
  private static final PropertyDefinition<Boolean> DUMP =
      PropertyDefinition.optional(
              "dump",
              PropertyType.bool(),
              "make the memory part of core dumps; left out: as -machine dump-guest-core")
          .whichIsLive();
  private static final PropertyDefinition<Boolean> PREALLOC =
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
  private static final PropertyDefinition<String> STANDBY =
      PropertyDefinition.optional(
          "x-standby",
          PropertyType.text(),
          "a file that doesn't exist yet, to which what can still be read is copied if the memory"
              + " fails");
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

  /** {@code memory-backend-file}. */
  public static final TypeDefinition FILE =
      type(
          "memory-backend-file",
          "guest memory in a file or on a DAX device",
          List.of(ID, SIZE, MEM_PATH, SHARE, ALIGN, OFFSET, PMEM, READONLY, ROM, DISCARD_DATA),
          List.of(STANDBY, DURABILITY, FOLLOW_SYMLINK));

  /** {@code memory-backend-memfd}. */
  public static final TypeDefinition MEMFD =
      type(
          "memory-backend-memfd",
          "guest memory that ends with the process, in a file without a name",
          List.of(ID, SIZE, SHARE_MEMFD, HUGETLB, HUGETLBSIZE, SEAL),
          List.of());

  /** {@code memory-backend-ram}. */
  public static final TypeDefinition RAM =
      type(
          "memory-backend-ram",
          "guest memory that ends with the process",
          List.of(ID, SIZE, SHARE_MEMORY),
          List.of());

  /** {@code -object}. */
  public static final TypedOption OPTION =
      new TypedOption("-object", "qom-type", List.of(FILE, MEMFD, RAM));

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

  private static PropertyDefinition<Boolean> share(String standard, String description) {
    return PropertyDefinition.withDefault("share", PropertyType.bool(), standard, description);
  }

  /** Makes a type: its own properties, before and after those that all types have. */
  private static TypeDefinition type(
      String name,
      String description,
      List<PropertyDefinition<?>> first,
      List<PropertyDefinition<?>> last) {
    List<PropertyDefinition<?>> all = new ArrayList<>(first);
    all.addAll(List.of(MERGE, DUMP, PREALLOC, PREALLOC_THREADS, RESERVE, HOST_NODES, POLICY));
    all.addAll(last);
    return new TypeDefinition(name, description, all);
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
    boolean inFile = object.typeName().equals(FILE.name());
    try {
      return new RamBlockSpec(
          new BackendId(object.get(ID)),
          backing(object),
          object.get(SIZE),
          inFile ? align(object) : Alignment.PAGE_SIZE,
          flags(object),
          preallocation(object),
          new NumaBinding(object.get(POLICY), object.find(HOST_NODES).orElse(NO_NODES)),
          advice(object, standard),
          inFile ? object.get(DURABILITY) : DurabilityPolicy.WARN);
    } catch (IllegalRamFlagsException e) {
      throw refusal(object, e.reason());
    } catch (IllegalArgumentException e) {
      throw refusal(object, e.getMessage() + "");
    }
  }

  private static final SortedSet<Integer> NO_NODES = NumaBinding.NONE.hostNodes();

  private static Backing backing(ParsedObject object) throws OptionException {
    if (object.typeName().equals(FILE.name())) {
      requireFileAsStandby(object);
      return new Backing.File(path(object), object.get(OFFSET), object.get(FOLLOW_SYMLINK));
    }
    if (object.typeName().equals(RAM.name())) {
      return new Backing.Anonymous();
    }
    ByteSize page = object.get(HUGETLBSIZE);
    if (Long.bitCount(page.bytes()) > 1) {
      throw refusal(
          object, "hugetlbsize=" + page + " is not a power of two: write one, such as 2M");
    }
    return new Backing.Memfd(object.get(HUGETLB), page, object.get(SEAL));
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

  private static void requireFileAsStandby(ParsedObject object) throws OptionException {
    Optional<String> standby = object.find(STANDBY);
    if (standby.isPresent()
        && (namesFolder(standby.get()) || Files.isDirectory(Path.of(standby.get())))) {
      throw refusal(
          object, "x-standby=" + standby.get() + " names a folder: name a file that is to be made");
    }
  }

  private static EnumSet<RamFlag> flags(ParsedObject object) throws OptionException {
    EnumSet<RamFlag> flags = EnumSet.noneOf(RamFlag.class);
    boolean inFile = object.typeName().equals(FILE.name());
    PropertyDefinition<Boolean> share =
        inFile ? SHARE : object.typeName().equals(MEMFD.name()) ? SHARE_MEMFD : SHARE_MEMORY;
    addIf(flags, object.get(share), RamFlag.RAM_SHARED);
    addIf(flags, !object.get(RESERVE), RamFlag.RAM_NORESERVE);
    if (inFile) {
      addIf(flags, object.get(PMEM), RamFlag.RAM_PMEM);
      addIf(flags, object.get(READONLY), RamFlag.RAM_READONLY_FD);
      addIf(flags, isRom(object), RamFlag.RAM_READONLY);
    }
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

  private static Preallocation preallocation(ParsedObject object) {
    return new Preallocation(isPreallocated(object), threads(object));
  }

  /** Returns the advice for the kernel about the pages of {@code object}. */
  public static MemoryAdvice advice(ParsedObject object, MemoryAdvice standard) {
    return new MemoryAdvice(
        object.find(MERGE).orElse(standard.merge()),
        object.find(DUMP).orElse(standard.dump()),
        object.typeName().equals(FILE.name()) && object.get(DISCARD_DATA));
  }

  /** Returns the object with all its advice properties set as in {@code advice}. */
  public static ParsedObject withAdvice(ParsedObject object, MemoryAdvice advice) {
    return object.with(MERGE, advice.merge()).with(DUMP, advice.dump());
  }

  /** Returns the file to which the bytes are copied if the memory fails. */
  public static Optional<Path> standby(ParsedObject object) {
    return object.typeName().equals(FILE.name())
        ? object.find(STANDBY).map(Path::of)
        : Optional.empty();
  }

  /** Returns whether all pages of {@code object} are to be made present. */
  public static boolean isPreallocated(ParsedObject object) {
    return object.get(PREALLOC);
  }

  /** Returns the object with {@code prealloc} on or off. */
  public static ParsedObject withPreallocation(ParsedObject object, boolean preallocated) {
    return object.with(PREALLOC, preallocated);
  }

  /** Returns the greatest number of threads that make its pages present. */
  public static OptionalInt threads(ParsedObject object) {
    return object.find(PREALLOC_THREADS).stream()
        .mapToInt(threads -> (int) Math.min(threads, Integer.MAX_VALUE))
        .findFirst();
  }

  private static Alignment align(ParsedObject object) throws OptionException {
    ByteSize align = object.get(ALIGN);
    try {
      return new Alignment(align.bytes());
    } catch (IllegalArgumentException e) {
      throw refusal(object, "align=" + align + " is not a power of two: write one, such as 2M");
    }
  }

  private static void addIf(EnumSet<RamFlag> flags, boolean condition, RamFlag flag) {
    if (condition) {
      flags.add(flag);
    }
  }

  private static OptionException refusal(ParsedObject object, String sentence) {
    return new OptionException(sentence)
        .within(object.typeName() + " '" + object.id().orElse("") + "': ");
  }
}
