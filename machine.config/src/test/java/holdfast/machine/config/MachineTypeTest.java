package holdfast.machine.config;

import static org.junit.jupiter.api.Assertions.assertEquals;

import holdfast.backend.api.ByteSize;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Where the machines of QEMU have their memory. */
class MachineTypeTest {

  @ParameterizedTest
  @DisplayName("base RAM is where QEMU's pc, q35 and virt have it, in order")
  @CsvSource({
    // machine, RAM in MiB, its pieces
    "PC,   128, '[0x0, 0x7ffffff]'",
    "PC,  3583, '[0x0, 0xdfefffff]'",
    "PC,  3584, '[0x0, 0xbfffffff] [0x100000000, 0x11fffffff]'",
    "PC,  4096, '[0x0, 0xbfffffff] [0x100000000, 0x13fffffff]'",
    "Q35,  128, '[0x0, 0x7ffffff]'",
    "Q35, 2815, '[0x0, 0xafefffff]'",
    "Q35, 2816, '[0x0, 0x7fffffff] [0x100000000, 0x12fffffff]'",
    "Q35, 4096, '[0x0, 0x7fffffff] [0x100000000, 0x17fffffff]'",
    "VIRT, 128, '[0x40000000, 0x47ffffff]'",
    "VIRT, 8192, '[0x40000000, 0x23fffffff]'",
  })
  void pieces(MachineType type, long ram, String expected) {
    AddressLayout layout = type.layout(MachineType.DEFAULT_BASE, ByteSize.mib(ram), ByteSize.ZERO);
    assertEquals(
        expected,
        String.join(" ", layout.ram().stream().map(piece -> piece.range().toString()).toList()));
    assertEquals(ByteSize.mib(ram), layout.ramSize());
    assertEquals(ByteSize.ZERO, layout.deviceSize());
  }

  @ParameterizedTest
  @DisplayName("devices have the range from the next GiB behind RAM on, on a PC above 4 GiB")
  @CsvSource({
    "PC,   128, 0x100000000",
    "Q35, 4096, 0x180000000",
    "VIRT, 128, 0x80000000",
    "VIRT, 1024, 0x80000000",
    "VIRT, 1025, 0xc0000000",
  })
  void devices(MachineType type, long ram, String expected) {
    AddressLayout layout =
        type.layout(MachineType.DEFAULT_BASE, ByteSize.mib(ram), ByteSize.gib(3));
    assertEquals(expected, layout.devices().orElseThrow().first().toString());
    assertEquals(ByteSize.gib(3), layout.deviceSize());
  }
}
