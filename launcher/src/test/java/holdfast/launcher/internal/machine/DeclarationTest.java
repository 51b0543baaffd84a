package holdfast.launcher.internal.machine;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import holdfast.backend.api.Backing;
import holdfast.backend.api.MemoryAdvice;
import holdfast.host.testkit.Storage;
import holdfast.machine.config.AllocatorFilter;
import holdfast.machine.config.BackendDefinitions;
import holdfast.machine.config.DeviceDefinitions;
import holdfast.machine.config.MachineDefinition;
import holdfast.machine.config.options.OptionException;
import holdfast.machine.config.options.TypeDefinition;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What a configuration declares, and in what words a mistake in it is told. */
class DeclarationTest {
  private static Declaration m0(Map<String, Object> configuration) {
    return Declaration.backend(new Wish("holdfast.memory.backend.file~m0", configuration))
        .orElseThrow();
  }

  private static Declaration m0(String... properties) {
    return m0(MachineFixture.file("m0", properties));
  }

  @Test
  @DisplayName("the name is what follows ~ in the PID (OSGi Compendium 104.4.2)")
  void hasTheNameOfTheFactoryConfiguration() {
    assertEquals("m0", m0().name());
    Wish device = new Wish("holdfast.nvdimm~a~b[0]", Map.of());
    assertEquals("a~b[0]", Declaration.device(device).orElseThrow().name());
    assertEquals(Optional.empty(), Declaration.backend(device));
  }

  @Test
  @DisplayName("typed values of a configuration are taken as well as texts")
  void takesTypedValues() throws Exception {
    Map<String, Object> configuration = MachineFixture.file("m0");
    configuration.put("size", 4L << 20);
    configuration.put("share", true);

    assertEquals(m0("size=4M").object(), m0(configuration).object());
  }

  @Test
  @DisplayName("a mistake is told with the PID, or with the file if an installer has named it")
  void tellsWhereTheMistakeIs() {
    String mistake = "pmem=perhaps is neither on nor off: write on or off";
    assertEquals(
        "configuration holdfast.memory.backend.file~m0: " + mistake,
        assertThrows(OptionException.class, m0("pmem=perhaps")::object).getMessage());
    assertEquals(
        "/etc/my machine/holdfast.memory.backend.file-m0.cfg: " + mistake,
        assertThrows(
                OptionException.class,
                m0(
                        "pmem=perhaps",
                        "felix.fileinstall.filename="
                            + "file:/etc/my%20machine/holdfast.memory.backend.file-m0.cfg")
                    ::object)
            .getMessage());
  }

  @Test
  @DisplayName(
      "blanks at the ends of values are no part of them, whatever the value is; from the command"
          + " line they are")
  void stripsTheEnds() throws Exception {
    Map<String, Object> blanks = new HashMap<>();
    MachineFixture.file("m0", "mem-path=/d/a b", "merge=on")
        .forEach((key, value) -> blanks.put(key, " " + value + "  \t"));
    blanks.put("host-nodes", "0 , 2-3 ");
    blanks.put("policy", "bind ");
    blanks.put("x-standby", "/d/c ");
    blanks.put("allocator.target", " (backend.kind=file) ");
    assertEquals(
        m0("mem-path=/d/a b", "merge=on", "host-nodes=0,2-3", "policy=bind", "x-standby=/d/c")
            .object(),
        m0(blanks).object());
    assertEquals("(backend.kind=file)", m0(blanks).backend().allocator().text());
    blanks.put("host-nodes", List.of(" 0 ", "2-3 "));
    assertEquals("0,2-3", m0(blanks).object().texts().get("host-nodes"));

    Map<String, Object> exact = MachineFixture.file("m0", "mem-path=/d/a ");
    exact.put(TypeDefinition.EXACT, true);
    assertEquals("/d/a ", m0(exact).object().texts().get("mem-path"));
  }

  @Test
  @DisplayName("an empty value leaves out what may be left out, in all configurations")
  void emptyIsLeftOut() throws Exception {
    Map<String, Object> configuration = MachineFixture.file("m0");
    Map<String, Object> empty = new HashMap<>();
    BackendDefinitions.FILE.properties().forEach(property -> empty.put(property.name(), " "));
    empty.putAll(configuration);
    empty.put("allocator.target", "");
    assertEquals(m0(configuration).object(), m0(empty).object());
    assertEquals(AllocatorFilter.ANY, m0(empty).backend().allocator());

    Map<String, Object> device = new HashMap<>();
    DeviceDefinitions.NVDIMM.properties().forEach(property -> device.put(property.name(), ""));
    device.put("memdev", "m0");
    assertEquals(
        DeviceDefinitions.NVDIMM.checkConfiguration("", Map.of("memdev", "m0")),
        DeviceDefinitions.NVDIMM.checkConfiguration("", device));
    Map<String, Object> machine = new HashMap<>();
    MachineDefinition.BOTH.properties().forEach(property -> machine.put(property.name(), ""));
    assertEquals(
        MachineDefinition.BOTH.checkConfiguration("", Map.of()),
        MachineDefinition.BOTH.checkConfiguration("", machine));

    empty.put("mem-path", " ");
    assertTrue(
        assertThrows(OptionException.class, m0(empty)::object)
            .getMessage()
            .contains("mem-path='' is empty"));
  }

  @ParameterizedTest
  @ValueSource(strings = {"new/", "new/.", "new/..", "new//", "old/", "old/."})
  @DisplayName("a path that names a folder is no file, whether one is there or not")
  void aFolderIsAFolder(String end) throws Exception {
    Path folder = Storage.tmpfs().newFolder();
    try {
      Files.createFile(folder.resolve("old"));
      for (String property : List.of("mem-path", "x-standby")) {
        String sentence =
            assertThrows(
                    OptionException.class,
                    () ->
                        m0(property + "=" + folder + "/" + end)
                            .backend()
                            .block(MemoryAdvice.DEFAULT))
                .getMessage();
        assertTrue(sentence.contains(property + "=" + folder + "/" + end + " names a folder"));
      }
    } finally {
      Storage.remove(folder);
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "/", "/.", "/sub/.."})
  void aFolderThatIsThereIsTaken(String end) throws Exception {
    Path folder = Storage.tmpfs().newFolder();
    try {
      Files.createDirectory(folder.resolve("sub"));
      Backing.File file =
          (Backing.File)
              m0("mem-path=" + folder + end).backend().block(MemoryAdvice.DEFAULT).backing();
      assertTrue(Files.isSameFile(folder, file.path()));
      assertThrows(
          OptionException.class,
          () -> m0("x-standby=" + folder).backend().block(MemoryAdvice.DEFAULT));
    } catch (IOException e) {
      throw new AssertionError(e);
    } finally {
      Storage.remove(folder);
    }
  }
}
