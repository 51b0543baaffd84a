package holdfast.machine.config;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import holdfast.backend.api.ByteSize;
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
}
