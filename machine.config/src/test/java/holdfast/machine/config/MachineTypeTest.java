package holdfast.machine.config;

import static org.junit.jupiter.api.Assertions.assertEquals;

import holdfast.backend.api.ByteSize;
import holdfast.machine.config.MachineType.RamSplit;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Base RAM is split around the hole below 4 GiB as QEMU's pc and q35 split it. */
class MachineTypeTest {

  @ParameterizedTest
  @CsvSource({
    // machine, RAM, below 4 GiB, above it, all in MiB
    "PC,   128,  128,  0",
    "PC,  3583, 3583,  0",
    "PC,  3584, 3072,  512",
    "PC,  4096, 3072, 1024",
    "Q35,  128,  128,  0",
    "Q35, 2815, 2815,  0",
    "Q35, 2816, 2048,  768",
    "Q35, 4096, 2048, 2048",
  })
  void splits(MachineType type, long ram, long below, long above) {
    RamSplit expected = new RamSplit(ByteSize.mib(below), ByteSize.mib(above));
    assertEquals(expected, type.split(ByteSize.mib(ram)));
  }
}
