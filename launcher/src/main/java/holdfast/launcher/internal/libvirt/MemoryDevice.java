package holdfast.launcher.internal.libvirt;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * A {@code <memory>} among the devices.
 *
 * @param backing what it is made of, where it doesn't say it of itself
 * @param number its place among the memory devices, from 0
 */
record MemoryDevice(Node device, Backing backing, int number) {

  /** Adds the memory backend and the device. */
  void addTo(LibvirtImport.Options options) throws LibvirtException {
    String model = device.attribute("model").orElse("");
    device.only(List.of("source", "target", "uuid", "alias", "address"));
    switch (model) {
      case "dimm" -> addDimm(options);
      case "nvdimm" -> addNvdimm(options);
      default ->
          throw device.no(
              "a memory device of model '"
                  + model
                  + "' is not there here: there are dimm and nvdimm");
    }
  }

  private Node target() throws LibvirtException {
    return device.find("target").orElseThrow(() -> device.no("<target> is missing"));
  }

  private String size() throws LibvirtException {
    Node target = target();
    return LibvirtImport.size(
        target.find("size").orElseThrow(() -> target.no("<size> is missing")).bytes());
  }

  private void addDimm(LibvirtImport.Options options) throws LibvirtException {
    target().only(List.of("size", "node"));
    Optional<Node> source = device.find("source");
    Backing own = backing;
    if (source.isPresent()) {
      source.get().only(List.of("pagesize", "nodemask"));
      Optional<Node> page = source.get().find("pagesize");
      if (page.isPresent() && page.get().bytes() > 0) { // 0 says nothing, as in libvirt
        own = own.ofPages(OptionalLong.of(page.get().bytes()));
      }
    }
    Map<String, String> object = new LinkedHashMap<>();
    object.put("id", "mem" + id("dimm"));
    object.put("size", size());
    object.putAll(own.properties());
    Backing.access(device.attribute("access"), device, object);
    if (source.isPresent()) {
      nodes(source.get(), object);
    }
    options.add("-object", own.type(), object);
    options.add("-device", "pc-dimm", place("dimm"));
  }

  private void addNvdimm(LibvirtImport.Options options) throws LibvirtException {
    Node source =
        device
            .find("source")
            .orElseThrow(() -> device.no("<source> is missing, which says in which file it is"));
    source.only(List.of("path", "alignsize", "pmem", "nodemask"));
    Node target = target();
    target.only(List.of("size", "node", "label", "readonly"));
    Map<String, String> object = new LinkedHashMap<>();
    object.put("id", "mem" + id("nvdimm"));
    object.put("size", size());
    object.put(
        "mem-path", source.find("path").orElseThrow(() -> source.no("<path> is missing")).text());
    object.put("share", backing.properties().getOrDefault("share", "off"));
    Backing.access(device.attribute("access"), device, object);
    for (String common : List.of("prealloc", "prealloc-threads", "merge", "host-nodes", "policy")) {
      if (backing.properties().containsKey(common)) {
        object.put(common, backing.properties().get(common));
      }
    }
    if (device.attribute("discard").orElse("no").equals("yes")) {
      throw device.no(
          "libvirt takes discard='yes' for a dimm alone; to empty the file at the end, take it out"
              + " and write discard-data=on yourself");
    }
    Optional<Node> align = source.find("alignsize");
    if (align.isPresent()) {
      object.put("align", LibvirtImport.size(align.get().bytes()));
    }
    if (source.find("pmem").isPresent()) {
      object.put("pmem", "on");
    }
    nodes(source, object);
    options.add("-object", "memory-backend-file", object);

    Map<String, String> properties = place("nvdimm");
    Optional<Node> label = target.find("label", "size");
    if (label.isPresent()) {
      properties.put("label-size", LibvirtImport.size(label.get().bytes()));
    }
    device.find("uuid").ifPresent(uuid -> properties.put("uuid", uuid.text()));
    if (target.find("readonly").isPresent()) {
      properties.put("unarmed", "on"); // as libvirt tells QEMU; the file is opened for writing
    }
    options.add("-device", "nvdimm", properties);
  }

  /**
   * Puts the host's NUMA nodes; libvirt lets pages come from them alone unless it is told other.
   */
  private static void nodes(Node source, Map<String, String> object) throws LibvirtException {
    Optional<Node> mask = source.find("nodemask");
    if (mask.isPresent()) {
      object.put("host-nodes", NumaTune.nodes(mask.get(), mask.get().text()));
      object.putIfAbsent("policy", "bind");
    }
  }

  /** Returns the id: that of the alias if there is one, as libvirt gives it to QEMU. */
  private String id(String kind) {
    return device
        .find("alias")
        .flatMap(one -> one.attribute("name"))
        .filter(name -> name.matches("[A-Za-z][A-Za-z0-9._-]*"))
        .orElse(kind + number);
  }

  private Map<String, String> place(String kind) throws LibvirtException {
    Map<String, String> properties = new LinkedHashMap<>();
    properties.put("id", id(kind));
    properties.put("memdev", "mem" + id(kind));
    Optional<Node> address = device.find("address");
    if (address.isPresent() && !address.get().attribute("type").orElse("").equals("dimm")) {
      throw address.get().no("a " + kind + " has an address of type dimm");
    }
    address.flatMap(one -> one.attribute("slot")).ifPresent(slot -> properties.put("slot", slot));
    address.flatMap(one -> one.attribute("base")).ifPresent(base -> properties.put("addr", base));
    Optional<Node> node = target().find("node");
    if (node.isPresent() && !node.get().text().equals("0")) {
      properties.put("node", node.get().text());
    }
    return properties;
  }
}
