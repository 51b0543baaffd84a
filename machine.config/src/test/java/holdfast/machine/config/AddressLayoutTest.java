package holdfast.machine.config;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import holdfast.backend.api.ByteSize;
import holdfast.machine.api.GuestAddress;
import holdfast.machine.api.GuestRange;
import holdfast.machine.config.MemoryLayoutException.Problem;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

/** An emulator's own guest addresses. */
class AddressLayoutTest {
  private static final GuestRange RAM = range(0x8000_0000L, 0x10_0000);
  private static final GuestRange HIGH = range(0x1_0000_0000L, 0x20_0000);
  private static final GuestRange DEVICES = range(0x2_0000_0000L, 0x40_0000);

  private static GuestRange range(long first, long size) {
    return GuestRange.of(new GuestAddress(first), new ByteSize(size));
  }

  private static void assertRefused(String sentence, List<GuestRange> ram, GuestRange devices) {
    IllegalArgumentException e =
        assertThrows(IllegalArgumentException.class, () -> AddressLayout.of(ram, devices));
    assertEquals(sentence, e.getMessage());
  }

  @Test
  @DisplayName("the pieces of RAM are in the order given, each named by its address")
  void pieces() {
    AddressLayout layout = AddressLayout.of(List.of(HIGH, RAM), DEVICES);
    assertEquals(
        List.of("ram:0x100000000", "ram:0x80000000"),
        layout.ram().stream().map(AddressLayout.RamPiece::id).toList());
    assertEquals(ByteSize.mib(3), layout.ramSize());
    assertEquals(ByteSize.mib(4), layout.deviceSize());
    assertEquals(ByteSize.ZERO, AddressLayout.of(List.of(RAM)).deviceSize());
  }

  @Test
  @DisplayName("ranges that overlap are refused, and named")
  void overlaps() {
    assertRefused(
        "base RAM [0x80000000, 0x800fffff] and base RAM [0x800ff000, 0x800fffff] overlap: put them"
            + " where they have no address in common",
        List.of(RAM, HIGH, range(0x800f_f000L, 4096)),
        DEVICES);
    assertRefused(
        "base RAM [0x100000000, 0x1001fffff] and the range for devices [0xfffff000, 0x100000fff]"
            + " overlap: put them where they have no address in common",
        List.of(RAM, HIGH),
        range(0xffff_f000L, 8192));
  }

  @Test
  @DisplayName("ranges with parts of pages, or above 56 bits, and a layout without RAM are refused")
  void limits() {
    assertRefused(
        "base RAM [0x80000001, 0x80001000] has parts of pages: begin it at a multiple of 4096 and"
            + " give it a size that is one",
        List.of(range(0x8000_0001L, 4096)),
        DEVICES);
    assertRefused(
        "the range for devices [0x200000000, 0x200000000] has parts of pages: begin it at a multiple"
            + " of 4096 and give it a size that is one",
        List.of(RAM),
        range(0x2_0000_0000L, 1));
    long top = 1L << 56;
    AddressLayout.of(List.of(RAM), range(top - 4096, 4096));
    assertRefused(
        "the range for devices [0xfffffffffff000, 0x100000000000fff] ends above 0xffffffffffffff,"
            + " the last address of 56 bits: put it lower, or make it smaller",
        List.of(RAM),
        range(top - 4096, 8192));
    assertRefused(
        "base RAM [0xfffffffffffff000, 0xffffffffffffffff] ends above 0xffffffffffffff, the last"
            + " address of 56 bits: put it lower, or make it smaller",
        List.of(range(-4096, 4096)),
        DEVICES);
    assertRefused(
        "an address layout without base RAM: give it at least one piece", List.of(), DEVICES);
  }

  private static MemoryLayout memory(AddressLayout layout, Map<String, Object> machine)
      throws Exception {
    return MachineDefinition.memory(
        new MachineSpec(
                MachineDefinition.BOTH.checkConfiguration("test", machine), List.of(), List.of())
            .withLayout(layout),
        null);
  }

  @Test
  @DisplayName("a machine with its own layout has its sizes, and the slots that were asked for")
  void inAMachine() throws Exception {
    AddressLayout layout = AddressLayout.of(List.of(RAM, HIGH), DEVICES);
    MemoryLayout machine = memory(layout, Map.of("slots", "3", "nvdimm", "on"));
    assertEquals(
        new MemoryLayout(layout, ByteSize.mib(3), 3, ByteSize.mib(7), true, 1, Optional.empty()),
        machine);
    assertEquals(DEVICES, machine.deviceMemory().orElseThrow());
    assertEquals(ByteSize.mib(4), machine.deviceSpace());
    memory(layout, Map.of("size", "3M", "maxmem", "7M"));
  }

  @Test
  @DisplayName("a size or maxmem that is not the layout's is refused, and slots without room")
  void contradictions() {
    AddressLayout layout = AddressLayout.of(List.of(RAM, HIGH), DEVICES);
    assertProblem(Problem.NOT_OF_LAYOUT, layout, Map.of("size", "4M"));
    assertProblem(Problem.NOT_OF_LAYOUT, layout, Map.of("maxmem", "8M"));
    assertProblem(Problem.TOO_MANY_SLOTS, layout, Map.of("slots", "257"));
    assertProblem(Problem.SLOTS_WITHOUT_ROOM, AddressLayout.of(List.of(RAM)), Map.of("slots", "1"));
  }

  private static void assertProblem(
      Problem problem, AddressLayout layout, Map<String, Object> machine) {
    MemoryLayoutException e =
        assertThrows(MemoryLayoutException.class, () -> memory(layout, machine));
    assertEquals(problem, e.problem(), e.getMessage());
  }
}
