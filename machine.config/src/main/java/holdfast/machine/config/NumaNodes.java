package holdfast.machine.config;

import holdfast.machine.config.options.HelpText;
import holdfast.machine.config.options.OptionException;
import holdfast.machine.config.options.ParsedObject;
import holdfast.machine.config.options.PropertyDefinition;
import holdfast.machine.config.options.PropertyType;
import holdfast.machine.config.options.TypeDefinition;
import holdfast.machine.config.options.TypedOption;
import java.util.BitSet;
import java.util.List;
import java.util.Optional;

/**
 * The NUMA nodes that {@code -numa} describes, as far as memory devices need them: how many there
 * are. The base RAM is on node 0 as a whole, and CPUs are the emulator's; so QEMU's {@code mem},
 * {@code memdev} and {@code cpus} are not there. Not thread-safe.
 */
final class NumaNodes {
  private static final PropertyDefinition<Long> NODEID =
      PropertyDefinition.optional(
          "nodeid",
          PropertyType.integer(0, MemoryLayout.MAX_NODES - 1L),
          "the number of the node, the next free one if it is left out");

  /** {@code -numa}. */
  static final TypedOption OPTION =
      new TypedOption(
          "-numa",
          "type",
          List.of(
              new TypeDefinition(
                  "node",
                  "a NUMA node for memory devices; the base RAM is on node 0",
                  List.of(NODEID))));

  private final BitSet nodes = new BitSet();

  /**
   * Reads one {@code -numa}.
   *
   * @return the help that it asks for, if it does
   */
  Optional<HelpText> read(String value) throws OptionException {
    switch (OPTION.parse(value)) {
      case HelpText help -> {
        return Optional.of(help);
      }
      case ParsedObject node -> {
        int id = Math.toIntExact(node.find(NODEID).orElse((long) nodes.nextClearBit(0)));
        if (id >= MemoryLayout.MAX_NODES || nodes.get(id)) {
          throw new OptionException(
              "-numa node: nodeid="
                  + id
                  + (nodes.get(id) ? " is there twice" : " is too high")
                  + ": a node has a number from 0 to "
                  + (MemoryLayout.MAX_NODES - 1)
                  + " of its own");
        }
        nodes.set(id);
        return Optional.empty();
      }
    }
  }

  boolean isEmpty() {
    return nodes.isEmpty();
  }

  /**
   * Returns how many nodes there are.
   *
   * @throws OptionException if a number is left out between them
   */
  int count() throws OptionException {
    if (nodes.nextClearBit(0) < nodes.length()) {
      throw new OptionException(
          "-numa node: nodeid="
              + nodes.nextClearBit(0)
              + " is missing: the nodes have the numbers from 0 on, without gaps");
    }
    return nodes.length();
  }
}
