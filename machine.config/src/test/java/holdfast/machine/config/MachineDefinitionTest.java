package holdfast.machine.config;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import holdfast.backend.api.ByteSize;
import holdfast.machine.config.MemoryLayoutException.Problem;
import holdfast.machine.config.options.ParsedObject;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

/** The memory that the machine's configuration asks for. */
class MachineDefinitionTest {
  private static ParsedObject machine(String... properties) throws Exception {
    Map<String, Object> configuration = new HashMap<>();
    for (String property : properties) {
      String[] parts = property.split("=");
      configuration.put(parts[0], parts[1]);
    }
    return MachineDefinition.BOTH.checkConfiguration("test", configuration);
  }

  @Test
  void withNothingSaidItIsAPcWithTheDefaultRam() throws Exception {
    assertEquals(
        MemoryLayout.of(MachineType.PC, ByteSize.mib(128), null, null),
        MachineDefinition.memory(machine(), null));
    assertEquals(Optional.empty(), MachineDefinition.memoryBackend(machine()));
  }

  @Test
  @DisplayName("size without a suffix is in MiB, maxmem in bytes, as in QEMU")
  void readsWhatTheSeriesStartsWith() throws Exception {
    assertEquals(
        MemoryLayout.of(MachineType.Q35, ByteSize.gib(1), 2L, ByteSize.gib(4)).withNvdimm(true),
        MachineDefinition.memory(
            machine("type=q35", "nvdimm=on", "size=1024", "slots=2", "maxmem=4294967296"), null));
  }

  @Test
  @DisplayName("the size of memory-backend counts where no size is given, and only there")
  void theBackendsSizeIsTheDefault() throws Exception {
    ByteSize backend = ByteSize.mib(512);

    assertEquals(backend, MachineDefinition.memory(machine("memory-backend=m0"), backend).ram());
    assertEquals(
        ByteSize.mib(64),
        MachineDefinition.memory(machine("memory-backend=m0", "size=64"), backend).ram());
    assertEquals(Optional.of("m0"), MachineDefinition.memoryBackend(machine("memory-backend=m0")));
  }

  @Test
  void aContradictionIsRefused() throws Exception {
    ParsedObject machine = machine("slots=2");

    assertThrows(MemoryLayoutException.class, () -> MachineDefinition.memory(machine, null));
  }

  @Test
  @DisplayName("virt has its RAM at 1 GiB, or where x-ram-base says")
  void virt() throws Exception {
    assertEquals("ram:0x40000000", ramOf("type=virt"));
    assertEquals("ram:0x80000000", ramOf("type=virt", "x-ram-base=2G"));
    assertEquals("ram:0x0", ramOf("type=virt", "x-ram-base=0"));
  }

  private static String ramOf(String... properties) throws Exception {
    return MachineDefinition.memory(machine(properties), null).addresses().ram().getFirst().id();
  }

  @Test
  @DisplayName("x-ram-base is refused on a PC, within a page and above 52 bits")
  void badBase() {
    assertRefused(
        Problem.BAD_RAM_BASE,
        "the machine's x-ram-base=0x80000000 is only for type=virt: the base RAM of q35 is where a"
            + " PC has it; leave x-ram-base out",
        "type=q35",
        "x-ram-base=0x80000000");
    assertRefused(
        Problem.BAD_RAM_BASE,
        "the machine's x-ram-base=0x80000800 is no multiple of 4096, the guest's page size: round it"
            + " to one",
        "type=virt",
        "x-ram-base=0x80000800");
    assertRefused(
        Problem.BAD_RAM_BASE,
        "the machine's x-ram-base=0x10000000000000 is more than 52 address bits can reach: put the"
            + " RAM lower",
        "type=virt",
        "x-ram-base=4P");
    assertRefused(
        Problem.RAM_TOO_LARGE,
        "the machine's size=2T is more than 52 address bits, the most that a CPU of this machine has,"
            + " can reach: give the machine less RAM",
        "type=virt",
        "x-ram-base=4095T",
        "size=2T");
    assertRefused(
        Problem.MAXMEM_TOO_LARGE,
        "the machine's maxmem=1T is more than 52 address bits, the most that a CPU of this machine"
            + " has, can reach: give a smaller one",
        "type=virt",
        "x-ram-base=4095T",
        "maxmem=1T");
  }

  private static void assertRefused(Problem problem, String sentence, String... properties) {
    MemoryLayoutException e =
        assertThrows(
            MemoryLayoutException.class, () -> MachineDefinition.memory(machine(properties), null));
    assertEquals(sentence, e.getMessage());
    assertEquals(problem, e.problem());
  }
}
