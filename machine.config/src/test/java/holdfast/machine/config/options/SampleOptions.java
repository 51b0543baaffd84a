package holdfast.machine.config.options;

import static holdfast.machine.config.options.PropertyDefinition.optional;
import static holdfast.machine.config.options.PropertyDefinition.required;
import static holdfast.machine.config.options.PropertyDefinition.withDefault;

import holdfast.backend.api.ByteSize;
import java.util.List;
import java.util.SortedSet;

/** Options like the launcher's, for tests of the grammar alone. */
final class SampleOptions {
  enum Policy {
    DEFAULT,
    PREFERRED,
    BIND,
    INTERLEAVE
  }

  enum OnOffAuto {
    ON,
    OFF,
    AUTO
  }

  static final PropertyDefinition<String> ID =
      required("id", PropertyType.identifier(), "name by which devices refer to it");
  static final PropertyDefinition<ByteSize> SIZE =
      required("size", PropertyType.size(), "how much memory");
  static final PropertyDefinition<String> MEM_PATH =
      required("mem-path", PropertyType.text(), "file or folder on the host");
  static final PropertyDefinition<Boolean> SHARE =
      withDefault("share", PropertyType.bool(), "off", "whether stores reach the file");
  static final PropertyDefinition<Boolean> PMEM =
      withDefault("pmem", PropertyType.bool(), "off", "whether the file is persistent memory");
  static final PropertyDefinition<ByteSize> ALIGN =
      withDefault("align", PropertyType.size(), "0", "alignment of the mapping");
  static final PropertyDefinition<OnOffAuto> ROM =
      withDefault("rom", PropertyType.choice(OnOffAuto.class), "auto", "whether it is read-only");
  static final PropertyDefinition<Long> PREALLOC_THREADS =
      optional("prealloc-threads", PropertyType.integer(1, 0xffffffffL), "how many at once");
  static final PropertyDefinition<SortedSet<Integer>> HOST_NODES =
      withDefault("host-nodes", PropertyType.numbers(127), "", "NUMA nodes of the host");
  static final PropertyDefinition<Policy> POLICY =
      withDefault("policy", PropertyType.choice(Policy.class), "default", "NUMA policy");

  static final TypeDefinition MEMORY_BACKEND_FILE =
      new TypeDefinition(
          "memory-backend-file",
          "memory in a file of the host",
          List.of(
              ID, SIZE, MEM_PATH, SHARE, PMEM, ALIGN, ROM, PREALLOC_THREADS, HOST_NODES, POLICY));

  static final TypedOption OBJECT =
      new TypedOption("-object", "qom-type", List.of(MEMORY_BACKEND_FILE));

  static final PropertyDefinition<String> DEVICE_ID =
      optional("id", PropertyType.identifier(), "name of the device");
  static final PropertyDefinition<String> MEMDEV =
      required("memdev", PropertyType.text(), "backend whose memory it shows");
  static final PropertyDefinition<ByteSize> LABEL_SIZE =
      optional("label-size", PropertyType.size(), "size of the label area at the end");
  static final PropertyDefinition<Long> SLOT =
      withDefault("slot", PropertyType.integer(-1, 255), "-1", "slot, -1 for any");
  static final PropertyDefinition<Long> NODE =
      withDefault("node", PropertyType.integer(0, 127), "0", "NUMA node of the guest");

  static final TypeDefinition NVDIMM =
      new TypeDefinition(
          "nvdimm", "persistent memory", List.of(DEVICE_ID, MEMDEV, LABEL_SIZE, SLOT, NODE));
  static final TypeDefinition PC_DIMM =
      new TypeDefinition("pc-dimm", "memory", List.of(DEVICE_ID, MEMDEV, SLOT, NODE));

  static final TypedOption DEVICE = new TypedOption("-device", "driver", List.of(NVDIMM, PC_DIMM));

  static final PropertyDefinition<ByteSize> RAM_SIZE =
      withDefault("size", PropertyType.size(SizeUnit.M), "128M", "memory at the start");
  static final PropertyDefinition<ByteSize> MAXMEM =
      optional("maxmem", PropertyType.size(), "memory at the most");
  static final PropertyDefinition<Long> SLOTS =
      withDefault("slots", PropertyType.integer(0, 256), "0", "places for memory devices");
  static final TypeDefinition MEMORY =
      new TypeDefinition("memory", "base memory", List.of(RAM_SIZE, MAXMEM, SLOTS));

  static final PropertyDefinition<String> TYPE =
      withDefault("type", PropertyType.text(), "pc", "machine type");
  static final PropertyDefinition<Boolean> MACHINE_NVDIMM =
      withDefault("nvdimm", PropertyType.bool(), "off", "whether nvdimms can be plugged");
  static final TypeDefinition MACHINE =
      new TypeDefinition("machine", "the machine", List.of(TYPE, MACHINE_NVDIMM));

  private SampleOptions() {}

  static ParsedObject object(String text) throws OptionException {
    return (ParsedObject) OBJECT.parse(text);
  }

  static ParsedObject device(String text) throws OptionException {
    return (ParsedObject) DEVICE.parse(text);
  }

  /** What remains to be said of each object, so that a table shows only what it is about. */
  static ParsedObject objectWith(String more) throws OptionException {
    return object("memory-backend-file,id=m,size=1M,mem-path=/f," + more);
  }
}
