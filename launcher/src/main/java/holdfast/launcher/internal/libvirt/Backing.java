package holdfast.launcher.internal.libvirt;

import holdfast.machine.config.options.Excerpt;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SequencedMap;

/**
 * What memory is made of, where a device does not say it of itself.
 *
 * @param type the type of memory backend
 * @param properties its properties, without id and size
 */
record Backing(String type, SequencedMap<String, String> properties) {
  private static final String RAM = "memory-backend-ram";
  private static final String MEMFD = "memory-backend-memfd";

  /** Returns whether it is plain memory, for which no memory backend has to be named. */
  boolean isPlain() {
    return type.equals(RAM) && properties.isEmpty();
  }

  /** Returns what {@code <memoryBacking>} says. */
  static Backing of(Optional<Node> element) throws LibvirtException {
    SequencedMap<String, String> properties = new LinkedHashMap<>();
    String type = RAM;
    if (element.isEmpty()) {
      return new Backing(type, properties);
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
    if (!properties.containsKey("share") && type.equals(MEMFD)) {
      properties.put("share", "off"); // libvirt's default; that of a memfd here is on
    }
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
    if (huge.isPresent()) {
      type = MEMFD;
      properties.put("hugetlb", "on");
      Optional<Node> page = huge.get().find("page");
      if (page.isPresent()) {
        properties.put("hugetlbsize", LibvirtImport.size(page.get().bytes("size")));
      }
      properties.putIfAbsent("share", "off");
    }
    return new Backing(type, properties);
  }

  /** Returns it with what a NUMA cell says of its own memory. */
  Backing within(Node cell) throws LibvirtException {
    SequencedMap<String, String> own = new LinkedHashMap<>(properties);
    access(cell.attribute("memAccess"), cell, own);
    return new Backing(type, own);
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
