package holdfast.launcher.internal.machine;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import holdfast.launcher.internal.options.OptionException;
import java.util.Map;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

/** A configuration is read at once, and a mistake in it is kept until somebody asks. */
class DeclarationTest {
  @Test
  @DisplayName("the name is what follows ~ in the PID (OSGi Compendium 104.4.2)")
  void hasTheNameOfTheFactoryConfiguration() {
    assertEquals("m0", Declaration.read(BackendDefinitions.FILE, MachineFixture.file("m0")).name());
    assertEquals(
        "nvdimm[0]",
        Declaration.read(
                DeviceDefinitions.NVDIMM, Map.of("service.pid", "holdfast.nvdimm~nvdimm[0]"))
            .name());
    assertEquals(
        "a~b",
        Declaration.read(DeviceDefinitions.NVDIMM, Map.of("service.pid", "holdfast.nvdimm~a~b"))
            .name());
  }

  @Test
  void holdsWhatIsDeclared() throws Exception {
    Declaration declaration =
        Declaration.read(BackendDefinitions.FILE, MachineFixture.file("m0", "size=4M"));

    assertEquals("4M", declaration.object().properties().get("size"));
    assertEquals("off", declaration.object().properties().get("pmem"));
  }

  @Test
  @DisplayName("typed values of a configuration are taken as well as texts")
  void takesTypedValues() throws Exception {
    Map<String, Object> configuration = MachineFixture.file("m0");
    configuration.put("size", 4L << 20);
    configuration.put("share", true);

    assertEquals(
        Declaration.read(BackendDefinitions.FILE, MachineFixture.file("m0", "size=4M")).object(),
        Declaration.read(BackendDefinitions.FILE, configuration).object());
  }

  @Test
  @DisplayName("reading never fails; asking for what is declared does, with PID and property")
  void keepsAMistake() {
    Declaration declaration =
        Declaration.read(BackendDefinitions.FILE, MachineFixture.file("m0", "pmem=perhaps"));

    assertEquals("m0", declaration.name());
    assertEquals(
        "configuration holdfast.memory.backend.file~m0: pmem=perhaps is neither on nor off: write"
            + " on or off",
        assertThrows(OptionException.class, declaration::object).getMessage());
  }
}
