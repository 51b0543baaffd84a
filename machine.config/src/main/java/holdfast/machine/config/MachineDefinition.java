package holdfast.machine.config;

import holdfast.backend.api.ByteSize;
import holdfast.backend.api.MemoryAdvice;
import holdfast.machine.api.GuestAddress;
import holdfast.machine.api.NvdimmPersistence;
import holdfast.machine.config.options.OptionException;
import holdfast.machine.config.options.ParsedObject;
import holdfast.machine.config.options.PropertyDefinition;
import holdfast.machine.config.options.PropertyType;
import holdfast.machine.config.options.SizeUnit;
import holdfast.machine.config.options.TypeDefinition;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** The properties of the machine itself: those of {@code -machine} and {@code -m}. */
public final class MachineDefinition {
  private static final PropertyDefinition<MachineType> TYPE =
      PropertyDefinition.withDefault(
          "type", PropertyType.choice(MachineType.class), "pc", "the kind of machine");
  private static final PropertyDefinition<ByteSize> RAM_BASE =
      PropertyDefinition.optional(
          "x-ram-base",
          PropertyType.size(),
          "the guest address of the base RAM of type=virt, 0x40000000 if it is left out");
  private static final PropertyDefinition<Boolean> NVDIMM =
      PropertyDefinition.withDefault(
          "nvdimm", PropertyType.bool(), "off", "whether the machine takes nvdimm devices");
  private static final PropertyDefinition<NvdimmPersistence> NVDIMM_PERSISTENCE =
      PropertyDefinition.optional(
          "nvdimm-persistence",
          PropertyType.choice(NvdimmPersistence.class),
          "how far the guest's stores into its NVDIMMs have to go to survive a power cut; left out:"
              + " it isn't told");
  private static final PropertyDefinition<Boolean> HMAT =
      PropertyDefinition.optional(
          "hmat", PropertyType.bool(), "off alone: no table of memory's speed is made");
  private static final PropertyDefinition<Long> NUMA_NODES =
      PropertyDefinition.optional(
          "x-numa-nodes",
          PropertyType.integer(1, MemoryLayout.MAX_NODES),
          "how many NUMA nodes the guest has, 1 if it is left out; the base RAM is on node 0");
  private static final PropertyDefinition<String> MEMORY_BACKEND =
      PropertyDefinition.optional(
          "memory-backend",
          PropertyType.identifier(),
          "the id of the memory backend for the base RAM, which otherwise is plain memory");
  private static final PropertyDefinition<Boolean> MEM_MERGE =
      PropertyDefinition.withDefault(
          "mem-merge",
          PropertyType.bool(),
          "on",
          "what merge is for memory that doesn't say it of itself");
  private static final PropertyDefinition<Boolean> DUMP_GUEST_CORE =
      PropertyDefinition.withDefault(
          "dump-guest-core",
          PropertyType.bool(),
          "on",
          "what dump is for memory that doesn't say it of itself");
  private static final PropertyDefinition<String> MONITOR_FOLDERS =
      PropertyDefinition.optional(
          "x-monitor-folders",
          PropertyType.text(),
          "in which folders, separated by colons, commands to the machine that is up may name files;"
              + " left out: anywhere");
  private static final PropertyDefinition<String> INCOMING =
      PropertyDefinition.optional(
          "x-incoming",
          PropertyType.text(),
          "where the guest comes from by a migration, or defer to be told later; left out: it is here"
              + " from the start");
  private static final PropertyDefinition<ByteSize> SIZE =
      PropertyDefinition.optional(
          "size",
          PropertyType.size(SizeUnit.M),
          "the base RAM, in MiB without a suffix; left out: the size of memory-backend, or "
              + MemoryLayout.DEFAULT_RAM);
  private static final PropertyDefinition<Long> SLOTS =
      PropertyDefinition.optional(
          "slots",
          PropertyType.integer(0, Long.MAX_VALUE),
          "how many slots there are for memory devices, at most " + MemoryLayout.MAX_SLOTS);
  private static final PropertyDefinition<ByteSize> MAXMEM =
      PropertyDefinition.optional(
          "maxmem", PropertyType.size(), "how much base RAM and memory devices can have together");

  /** The place from which a guest comes that is told later. */
  public static final String DEFER = "defer";

  /** {@code -machine}. */
  public static final TypeDefinition MACHINE =
      new TypeDefinition(
          "machine",
          "the machine",
          List.of(
              TYPE,
              RAM_BASE,
              NVDIMM,
              NVDIMM_PERSISTENCE,
              HMAT,
              NUMA_NODES,
              MEMORY_BACKEND,
              MEM_MERGE,
              DUMP_GUEST_CORE,
              MONITOR_FOLDERS,
              INCOMING));

  /** {@code -m}. */
  public static final TypeDefinition MEMORY =
      new TypeDefinition("m", "the machine's memory", List.of(SIZE, SLOTS, MAXMEM));

  /** Both together, as in one configuration. */
  public static final TypeDefinition BOTH = new TypeDefinition("machine", "the machine", both());

  private MachineDefinition() {}

  private static List<PropertyDefinition<?>> both() {
    List<PropertyDefinition<?>> all = new ArrayList<>(MACHINE.properties());
    all.addAll(MEMORY.properties());
    return all;
  }

  /**
   * Returns the memory layout that a configuration of the machine asks for.
   *
   * @param backendSize the size of the memory backend for the base RAM, null if there is none
   * @throws MemoryLayoutException if its values contradict each other
   */
  public static MemoryLayout memory(ParsedObject machine, @Nullable ByteSize backendSize)
      throws MemoryLayoutException {
    return checked(machine, layoutOf(machine, backendSize));
  }

  private static MemoryLayout layoutOf(ParsedObject machine, @Nullable ByteSize backendSize)
      throws MemoryLayoutException {
    return MemoryLayout.of(
        machine.get(TYPE),
        machine.find(RAM_BASE).map(base -> new GuestAddress(base.bytes())).orElse(null),
        machine.find(SIZE).orElse(backendSize),
        machine.find(SLOTS).orElse(null),
        machine.find(MAXMEM).orElse(null));
  }

  /** Returns the layout with what else the machine says of its devices. */
  private static MemoryLayout checked(ParsedObject machine, MemoryLayout layout)
      throws MemoryLayoutException {
    if (machine.find(HMAT).orElse(false)) {
      throw new MemoryLayoutException(
          MemoryLayoutException.Problem.NO_HMAT,
          "the machine's hmat=on asks for a table of memory's latency and bandwidth (HMAT), which is"
              + " not made here: leave hmat out");
    }
    return layout
        .withNvdimm(machine.get(NVDIMM))
        .withNodes(Math.toIntExact(machine.find(NUMA_NODES).orElse(1L)))
        .withPersistence(machine.find(NVDIMM_PERSISTENCE));
  }

  /**
   * Returns the memory layout of a requested machine: in its own address layout if it has one, else
   * in that of its type.
   *
   * @param backendSize the size of the memory backend for the base RAM, null if there is none
   * @throws MemoryLayoutException if its values contradict each other or its own address layout
   */
  public static MemoryLayout memory(MachineSpec spec, @Nullable ByteSize backendSize)
      throws MemoryLayoutException {
    ParsedObject machine = spec.machine();
    if (spec.layout().isEmpty()) {
      return memory(machine, backendSize);
    }
    return checked(
        machine,
        MemoryLayout.of(
            spec.layout().get(),
            machine.find(SIZE).orElse(null),
            machine.find(SLOTS).orElse(null),
            machine.find(MAXMEM).orElse(null)));
  }

  /** Returns the type of machine. */
  public static MachineType type(ParsedObject machine) {
    return machine.get(TYPE);
  }

  /** Returns the advice for the kernel about memory whose backend has none of its own. */
  public static MemoryAdvice advice(ParsedObject machine) {
    return new MemoryAdvice(machine.get(MEM_MERGE), machine.get(DUMP_GUEST_CORE), false);
  }

  /** Returns the id of the memory backend for the base RAM, if one is named. */
  public static Optional<String> memoryBackend(ParsedObject machine) {
    return machine.find(MEMORY_BACKEND);
  }

  /**
   * Returns the folders in which files may be named while the machine is up, if they are limited.
   */
  public static Optional<String> monitorFolders(ParsedObject machine) {
    return machine.find(MONITOR_FOLDERS);
  }

  /**
   * Returns where the guest of a machine comes from, as an address or {@code defer}; empty if it is
   * there from the start.
   */
  public static Optional<String> incoming(ParsedObject machine) {
    return machine.find(INCOMING);
  }

  /** Returns a machine whose guest comes from an address, or is there if that is empty. */
  public static ParsedObject withIncoming(ParsedObject machine, Optional<String> address) {
    return machine.with(INCOMING, address);
  }

  /**
   * Returns a machine with as many NUMA nodes.
   *
   * @throws OptionException if it says itself that there are others
   */
  static ParsedObject withNodes(ParsedObject machine, int count) throws OptionException {
    Optional<Long> said = machine.find(NUMA_NODES);
    if (said.isPresent() && said.get() != count) {
      throw new OptionException(
          "-machine x-numa-nodes="
              + said.get()
              + " and "
              + count
              + " times -numa node contradict each other: leave one of them out");
    }
    return machine.with(NUMA_NODES, (long) count);
  }

  /** Returns a machine whose base RAM is the memory backend with this id. */
  public static ParsedObject withMemoryBackend(ParsedObject machine, String id) {
    return machine.with(MEMORY_BACKEND, id);
  }
}
