package holdfast.launcher.internal.libvirt;

import holdfast.machine.config.options.Excerpt;
import java.util.List;
import java.util.Optional;

/**
 * Which nodes of the host memory comes from, and how.
 *
 * @param nodes a number or a range
 * @param policy as memory backends name it
 */
record NumaTune(String nodes, String policy) {

  /**
   * Returns what {@code <numatune>} says: its {@code <memnode>} for the one cell, else its {@code
   * <memory>}.
   */
  static Optional<NumaTune> of(Optional<Node> element, Optional<Node> cell)
      throws LibvirtException {
    if (element.isEmpty()) {
      return Optional.empty();
    }
    Node tune = element.get();
    tune.only(List.of("memory", "memnode"));
    if (tune.children().stream().map(Node::name).distinct().count() < tune.children().size()) {
      throw tune.no("there is more than one <memory> or <memnode>, but one NUMA node here");
    }
    Optional<NumaTune> found = Optional.empty();
    Optional<Node> all = tune.find("memory");
    if (all.isPresent()) {
      found = Optional.of(read(all.get()));
    }
    Optional<Node> one = tune.find("memnode");
    if (one.isPresent()) {
      String id = one.get().attribute("cellid").orElse("");
      if (cell.isEmpty() || !id.equals(cell.get().attribute("id").orElse("0"))) {
        throw one.get().no("there is no <cell> with the id " + Excerpt.of(id));
      }
      found = Optional.of(read(one.get()));
    }
    return found;
  }

  private static NumaTune read(Node node) throws LibvirtException {
    String mode = node.attribute("mode").orElse("strict");
    String policy =
        switch (mode) {
          case "strict" -> "bind";
          case "preferred", "interleave" -> mode;
          case "restrictive" ->
              throw node.no(
                  "mode=restrictive is done by a control group, which is not made here: take it out,"
                      + " and start the machine in one");
          default ->
              throw node.no(
                  "the mode "
                      + Excerpt.of(mode)
                      + " has no counterpart here: there are strict, preferred and interleave");
        };
    Optional<String> nodes = node.attribute("nodeset");
    if (nodes.isEmpty() || node.attribute("placement").orElse("static").equals("auto")) {
      throw node.no(
          "the nodes are those that numad advises, which is not asked here: write placement='static'"
              + " and a nodeset");
    }
    return new NumaTune(nodes(node, nodes.get()), policy);
  }

  /** Returns numbers of nodes of the host, as {@code host-nodes} takes them. */
  static String nodes(Node where, String text) throws LibvirtException {
    if (!text.matches("[0-9]+(-[0-9]+)?")) {
      throw where.no(
          Excerpt.of(text)
              + " is not one number or one range: write host-nodes yourself, once for each");
    }
    return text;
  }
}
