package holdfast.machine.config;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import holdfast.machine.api.NvdimmPersistence;
import holdfast.machine.config.options.OptionException;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What is said of the guest's NUMA nodes and of its NVDIMMs' persistence. */
class NumaNodesTest {
  private static MachineSpec spec(String... options) throws OptionException {
    MachineOptions read = new MachineOptions();
    for (int at = 0; at < options.length; at += 2) {
      read.read(options[at], options[at + 1]);
    }
    return read.spec();
  }

  private static MemoryLayout layout(String... options) throws Exception {
    return MachineDefinition.memory(spec(options), null);
  }

  @Test
  @DisplayName("there is one node, or as many as -numa or x-numa-nodes say")
  void counts() throws Exception {
    assertEquals(1, layout().nodes());
    assertEquals(2, layout("-numa", "node", "-numa", "node").nodes());
    assertEquals(3, layout("-numa", "node,nodeid=2", "-numa", "node", "-numa", "node").nodes());
    assertEquals(128, layout("-machine", "x-numa-nodes=128").nodes());
    assertEquals(1, layout("-machine", "x-numa-nodes=1", "-numa", "node").nodes());
  }

  @Test
  @DisplayName("the options of the machine say it again")
  void isWritten() throws Exception {
    List<String> options = OptionWriter.write(spec("-numa", "node", "-numa", "node"));
    assertEquals(List.of("-machine", "pc,x-numa-nodes=2"), options);
    assertEquals(2, layout(options.toArray(String[]::new)).nodes());
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "node,nodeid=1 | nodeid=0 is missing",
        "node,mem=1G | there is no property mem",
        "dist,src=0,dst=1,val=20 | dist",
        "node,nodeid=128 | nodeid=128",
      })
  @DisplayName("a gap, a number that is too high, and what is not there are refused")
  void refused(String numa, String part) {
    OptionException e = assertThrows(OptionException.class, () -> spec("-numa", numa));
    assertTrue(("" + e.getMessage()).contains(part), e.getMessage());
  }

  @Test
  @DisplayName("a number that is there twice, and two numbers of nodes, are refused")
  void contradictions() {
    assertEquals(
        "-numa node: nodeid=0 is there twice: a node has a number from 0 to 127 of its own",
        assertThrows(OptionException.class, () -> spec("-numa", "node", "-numa", "node,nodeid=0"))
            .getMessage());
    assertEquals(
        "-machine x-numa-nodes=3 and 1 times -numa node contradict each other: leave one of them out",
        assertThrows(
                OptionException.class, () -> spec("-machine", "x-numa-nodes=3", "-numa", "node"))
            .getMessage());
  }

  @Test
  @DisplayName("nvdimm-persistence is cpu or mem-ctrl; hmat=on is refused with its reason")
  void persistenceAndHmat() throws Exception {
    assertEquals(
        Optional.of(NvdimmPersistence.MEM_CTRL),
        MachineDefinition.memory(spec("-machine", "pc,nvdimm-persistence=mem-ctrl,hmat=off"), null)
            .persistence());
    assertEquals(Optional.empty(), MachineDefinition.memory(spec(), null).persistence());
    assertTrue(
        (""
                + assertThrows(
                        OptionException.class, () -> spec("-machine", "nvdimm-persistence=foo"))
                    .getMessage())
            .contains("cpu, mem-ctrl"));
    assertTrue(
        (""
                + assertThrows(MemoryLayoutException.class, () -> layout("-machine", "hmat=on"))
                    .getMessage())
            .contains("leave hmat out"));
  }
}
