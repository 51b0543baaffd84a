package holdfast.launcher.internal.libvirt;

import holdfast.machine.config.options.Excerpt;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.SequencedMap;

/**
 * What memory is made of, where a device does not say it of itself.
 *
 * @param source the type of memory backend for ordinary pages
 * @param type the type of memory backend
 * @param properties its properties, without id and size
 */
record Backing(String source, String type, SequencedMap<String, String> properties) {
  private static final long PAGE = 4096;
  private static final String RAM = "memory-backend-ram";
  private static final String MEMFD = "memory-backend-memfd";

  /** Returns whether it is plain memory, for which no memory backend has to be named. */
  boolean isPlain() {
    return type.equals(RAM) && properties.isEmpty();
  }

  /**
   * Returns what {@code <memoryBacking>} says. What {@code <discard>} asks for needs no property:
   * these types of memory are gone when they are unplugged or the machine ends, and libvirt leaves
   * the file of an nvdimm as it is.
   */
  static Backing of(Optional<Node> element) throws LibvirtException {
    SequencedMap<String, String> properties = new LinkedHashMap<>();
    String type = RAM;
    if (element.isEmpty()) {
      return new Backing(type, type, properties);
    }
    Node backing = element.get();
    backing.only(List.of("source", "access", "allocation", "hugepages", "nosharepages", "discard"));
    Optional<Node> source = backing.find("source");
    if (source.isPresent()) {
      type =
          switch (source.get().attribute("type").orElse("")) {
            case "anonymous" -> RAM;
            case "memfd" -> MEMFD;
            default ->
                throw source
                    .get()
                    .no(
                        "type="
                            + Excerpt.of(source.get().attribute("type").orElse(""))
                            + " puts the base RAM where libvirt's own configuration says, which is"
                            + " not in this file: write anonymous or memfd, or give the base RAM a"
                            + " memory-backend-file with -machine memory-backend=");
          };
    }
    access(backing.find("access").flatMap(one -> one.attribute("mode")), backing, properties);
    Optional<Node> allocation = backing.find("allocation");
    if (allocation.flatMap(one -> one.attribute("mode")).orElse("").equals("immediate")) {
      properties.put("prealloc", "on");
    }
    allocation
        .flatMap(one -> one.attribute("threads"))
        .ifPresent(threads -> properties.put("prealloc-threads", threads));
    if (backing.find("nosharepages").isPresent()) {
      properties.put("merge", "off");
    }
    Optional<Node> huge = backing.find("hugepages");
    return huge.isPresent()
        ? new Backing(type, type, properties).ofPages(pageSize(huge.get()))
        : new Backing(type, type, properties);
  }

  /** Returns the size of the huge pages of the whole domain; empty: that of the host. */
  private static OptionalLong pageSize(Node huge) throws LibvirtException {
    List<Node> pages = huge.children().stream().filter(one -> one.name().equals("page")).toList();
    huge.only(List.of("page"));
    if (pages.size() > 1) {
      throw huge.no(
          "there are "
              + pages.size()
              + " <page>, but the base RAM has one size of pages here: leave one of them");
    }
    if (pages.isEmpty()) {
      return OptionalLong.empty();
    }
    Node page = pages.getFirst();
    if (page.attribute("nodeset").isPresent()) {
      throw page.no(
          "nodeset="
              + Excerpt.of(page.attribute("nodeset").get())
              + " ties the pages to nodes of the guest, which has no counterpart here: take it out"
              + " to have them everywhere");
    }
    return OptionalLong.of(page.bytes("size"));
  }

  /**
   * Returns it with pages of a size; empty: of the host's default for huge ones. Those of the size
   * of ordinary pages are ordinary, as in libvirt.
   */
  Backing ofPages(OptionalLong bytes) {
    SequencedMap<String, String> own = new LinkedHashMap<>(properties);
    own.remove("hugetlb");
    own.remove("hugetlbsize");
    if (bytes.isPresent() && bytes.getAsLong() == PAGE) {
      return new Backing(source, source, own);
    }
    if (!source.equals(MEMFD)) {
      own.putIfAbsent("share", "off"); // as that of a file in libvirt; that of a memfd is on
    }
    own.put("hugetlb", "on");
    bytes.ifPresent(size -> own.put("hugetlbsize", LibvirtImport.size(size)));
    return new Backing(source, MEMFD, own);
  }

  /** Returns it with what a NUMA cell says of its own memory. */
  Backing within(Node cell) throws LibvirtException {
    SequencedMap<String, String> own = new LinkedHashMap<>(properties);
    access(cell.attribute("memAccess"), cell, own);
    return new Backing(source, type, own);
  }

  /** Returns it on nodes of the host. */
  Backing on(NumaTune tune) {
    SequencedMap<String, String> own = new LinkedHashMap<>(properties);
    own.put("host-nodes", tune.nodes());
    own.put("policy", tune.policy());
    return new Backing(source, type, own);
  }

  /** Puts what an access mode means, if there is one. */
  static void access(Optional<String> mode, Node where, Map<String, String> properties)
      throws LibvirtException {
    if (mode.isPresent()) {
      properties.put(
          "share",
          switch (mode.get()) {
            case "shared" -> "on";
            case "private" -> "off";
            default ->
                throw where.no(
                    "the access " + Excerpt.of(mode.get()) + " is neither shared nor private");
          });
    }
  }
}
