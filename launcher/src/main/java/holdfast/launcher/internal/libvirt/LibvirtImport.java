package holdfast.launcher.internal.libvirt;

import holdfast.backend.api.ByteSize;
import holdfast.backend.api.HoldfastException;
import holdfast.machine.config.MachineOptions;
import holdfast.machine.config.options.Excerpt;
import holdfast.machine.config.options.TypeDefinition;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Turns the memory of a libvirt domain into options: {@code <memory>}, {@code <maxMemory>}, {@code
 * <memoryBacking>}, {@code <numatune>}, one cell of {@code <numa>}, and the devices {@code <memory
 * model='dimm'>} and {@code <memory model='nvdimm'>}. What is not memory is left out. An element
 * within these that has no counterpart is refused by name, so that nothing is lost silently.
 *
 * <p>The meaning of the elements is that of libvirt's <i>Domain XML format</i>, sections Memory
 * Allocation, Memory Backing, NUMA, NUMA Node Tuning and Memory devices.
 */
public final class LibvirtImport {
  private static final String BACKEND = "pc.ram";

  private final Node domain;
  private final List<String> options = new ArrayList<>();

  private LibvirtImport(Node domain) {
    this.domain = domain;
  }

  /**
   * Returns the options of the machine whose memory is that of a domain, each followed by its
   * value.
   *
   * @param file the path of the domain, as {@code virsh dumpxml} writes it
   * @throws HoldfastException if it can't be read, or part of its memory has no counterpart
   */
  public static List<String> options(String file) throws HoldfastException {
    if (file.isEmpty()) {
      throw new LibvirtException(
          "-import-libvirt has an empty name: name a file that virsh dumpxml DOMAIN wrote");
    }
    Path path;
    try {
      path = Path.of(file);
    } catch (InvalidPathException e) {
      throw new LibvirtException(Excerpt.of(file) + " can't be the name of a file");
    }
    return new LibvirtImport(Node.domain(path)).read();
  }

  private List<String> read() throws HoldfastException {
    List<Node> devices = new ArrayList<>();
    for (Node device : domain.find("devices").map(Node::children).orElse(List.of())) {
      if (device.name().equals("memory")) {
        devices.add(device);
      }
    }
    Backing backing = Backing.of(domain.find("memoryBacking"));
    Optional<Node> cell = cell();
    backing = cell.isPresent() ? backing.within(cell.get()) : backing;
    Optional<NumaTune> tune = NumaTune.of(domain.find("numatune"), cell);
    backing = tune.isPresent() ? backing.on(tune.get()) : backing;
    long ram = ram(cell, devices);

    Map<String, String> machine = new LinkedHashMap<>();
    machine.put("type", machineType());
    boolean nvdimm = devices.stream().anyMatch(one -> model(one).equals("nvdimm"));
    if (nvdimm) {
      machine.put("nvdimm", "on");
    }
    domain
        .find("memory")
        .flatMap(one -> one.attribute("dumpCore"))
        .ifPresent(dump -> machine.put("dump-guest-core", dump));
    if (!backing.isPlain()) {
      machine.put("memory-backend", BACKEND);
    }
    add("-machine", "", machine);
    add("-m", "", memory(ram));
    if (!backing.isPlain()) {
      Map<String, String> object = new LinkedHashMap<>();
      object.put("id", BACKEND);
      object.put("size", size(ram));
      object.putAll(backing.properties());
      add("-object", backing.type(), object);
    }
    int number = 0;
    for (Node device : devices) {
      new MemoryDevice(device, backing, number++).addTo(this::add);
    }
    return checked();
  }

  private static String model(Node device) {
    return device.attribute("model").orElse("");
  }

  /** Returns the options, if all of them are understood here. */
  private List<String> checked() throws HoldfastException {
    MachineOptions read = new MachineOptions();
    for (int at = 0; at < options.size(); at += 2) {
      read.read(options.get(at), options.get(at + 1));
    }
    read.spec();
    return options;
  }

  private void add(String option, String type, Map<String, String> properties) {
    List<String> items = new ArrayList<>();
    if (!type.isEmpty()) {
      items.add(type);
    }
    properties.forEach((name, text) -> items.add(TypeDefinition.item(name, text)));
    options.add(option);
    options.add(String.join(",", items));
  }

  static String size(long bytes) {
    return new ByteSize(bytes).toString();
  }

  /** Receives an option. */
  interface Options {
    void add(String option, String type, Map<String, String> properties);
  }

  private String machineType() throws LibvirtException {
    Optional<Node> type = domain.find("os", "type");
    String machine = type.flatMap(one -> one.attribute("machine")).orElse("pc");
    if (machine.equals("pc") || machine.startsWith("pc-i440fx")) {
      return "pc";
    }
    if (machine.equals("q35") || machine.startsWith("pc-q35")) {
      return "q35";
    }
    if (machine.equals("virt") || machine.startsWith("virt-")) {
      return "virt";
    }
    throw type.get()
        .no("there is no machine " + Excerpt.of(machine) + " here, but pc, q35 and virt");
  }

  /** Returns the one NUMA cell, if there is one. */
  private Optional<Node> cell() throws LibvirtException {
    Optional<Node> numa = domain.find("cpu", "numa");
    List<Node> cells =
        numa.map(Node::children).orElse(List.of()).stream()
            .filter(one -> one.name().equals("cell"))
            .toList();
    if (cells.size() > 1) {
      throw numa.get()
          .no(
              "there are "
                  + cells.size()
                  + " cells, but the base RAM has one NUMA node here: leave one of them, with all the"
                  + " memory");
    }
    return cells.stream().findFirst();
  }

  /**
   * Returns the size of the base RAM: that of the NUMA cell; without one, what {@code <memory>}
   * says, from which libvirt takes the memory devices.
   */
  private long ram(Optional<Node> cell, List<Node> devices) throws LibvirtException {
    if (cell.isPresent()) {
      return cell.get().bytes("memory");
    }
    Optional<Node> memory = domain.find("memory");
    if (memory.isEmpty()) {
      throw domain.no("<memory> is missing, which says how much RAM there is");
    }
    long rest = memory.get().bytes();
    for (Node device : devices) {
      Optional<Node> size = device.find("target", "size");
      rest -= size.isPresent() ? size.get().bytes() : 0;
    }
    if (rest <= 0) {
      throw memory
          .get()
          .no(
              "its "
                  + size(memory.get().bytes())
                  + " are no more than the memory devices have, which are part of it: nothing is left"
                  + " for the base RAM");
    }
    return rest;
  }

  private Map<String, String> memory(long ram) throws LibvirtException {
    Map<String, String> memory = new LinkedHashMap<>();
    memory.put("size", size(ram));
    Optional<Node> most = domain.find("maxMemory");
    if (most.isPresent()) {
      memory.put(
          "slots",
          most.get()
              .attribute("slots")
              .orElseThrow(() -> most.get().no("slots is missing: say how many there are")));
      memory.put("maxmem", size(most.get().bytes()));
    } else if (domain.find("devices", "memory").isPresent()) {
      throw domain.no(
          "there are memory devices, but no <maxMemory slots='N'> that has room for them");
    }
    return memory;
  }
}
