package holdfast.machine.config;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import holdfast.machine.config.options.OptionException;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What is written; that File Install reads it again is a test in the framework. */
class ConfigurationFilesTest {
  private static Map<String, String> files(String... options) throws OptionException {
    MachineOptions read = new MachineOptions();
    for (int at = 0; at < options.length; at += 2) {
      read.read(options[at], options[at + 1]);
    }
    return ConfigurationFiles.write(read.spec());
  }

  @Test
  @DisplayName("each object, each device and the machine has a file; defaults are left out")
  void writesEach() throws OptionException {
    Map<String, String> files =
        files(
            "-machine", "q35,nvdimm=on",
            "-m", "64M,slots=2,maxmem=1G",
            "-object", "memory-backend-file,id=nv,size=4M,share=on,mem-path=/var/nv.img",
            "-object", "memory-backend-ram,id=more,size=2M",
            "-device", "nvdimm,id=nv0,memdev=nv,label-size=128K",
            "-device", "pc-dimm,memdev=more");

    assertEquals(
        List.of(
            "holdfast.memory.backend.file-nv.cfg",
            "holdfast.memory.backend.ram-more.cfg",
            "holdfast.nvdimm-nv0.cfg",
            "holdfast.pc.dimm-pc-dimm[1].cfg",
            "holdfast.machine.cfg"),
        List.copyOf(files.keySet()));
    assertEquals(
        "id = nv\nsize = 4M\nmem-path = /var/nv.img\nshare = on\n",
        files.get("holdfast.memory.backend.file-nv.cfg"));
    assertEquals("memdev = more\n", files.get("holdfast.pc.dimm-pc-dimm[1].cfg"));
    assertEquals(
        "type = q35\nnvdimm = on\nsize = 64M\nslots = 2\nmaxmem = 1G\nobjects = nv,more\n"
            + "devices = nv0,pc-dimm[1]\n",
        files.get("holdfast.machine.cfg"));
  }

  @Test
  @DisplayName(
      "what File Install or properties would take for something else is escaped; only ASCII")
  void escapes() throws OptionException {
    String text =
        files("-object", "memory-backend-file,id=a,size=4M,mem-path=/v/${x}\\ö #=:\ny")
            .get("holdfast.memory.backend.file-a.cfg");

    assertTrue(
        text.contains("mem-path = /v/$\\\\{x\\\\}\\\\\\\\\\u00f6 #=:\\u000ay\n"), () -> text);
  }

  @ParameterizedTest
  @ValueSource(strings = {"/v/nv.img ", " x", "'x'", "\"x\""})
  @DisplayName("a value that a file can't keep is refused, with the place where it can stand")
  void refuses(String path) {
    OptionException refused =
        assertThrows(
            OptionException.class,
            () -> files("-object", "memory-backend-file,id=a,size=4M,mem-path=" + path));

    assertTrue(
        refused.getMessage().startsWith("a: mem-path=")
            && refused.getMessage().endsWith("use the options instead"),
        refused.getMessage());
  }

  @Test
  @DisplayName("a machine alone has one file")
  void alone() throws OptionException {
    assertEquals(Map.of("holdfast.machine.cfg", "type = pc\nsize = 16M\n"), files("-m", "16M"));
  }
}
