package holdfast.launcher.internal.cli;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;

import holdfast.launcher.internal.machine.FakeConfigurations;
import holdfast.launcher.internal.machine.MachineFixture;
import holdfast.machine.api.MemoryDevice;
import holdfast.machine.config.BackendDefinitions;
import holdfast.machine.config.options.TypeDefinition;
import holdfast.machine.core.Machine;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The command line becomes configurations, and these are all that it becomes. */
class MachineRequestTest {
  private FakeConfigurations configurations = new FakeConfigurations();

  private static MachineRequest request(String... arguments) throws Exception {
    return assertInstanceOf(CommandLine.Start.class, CommandLine.parse(List.of(arguments)))
        .machine();
  }

  private void assertWritten(String pid, Map<String, String> properties) {
    Map<String, Object> all = new HashMap<>(configurations.written().get(pid));
    assertEquals(true, all.remove(TypeDefinition.EXACT), "blanks are part of what is written");
    assertEquals(properties, all, pid);
  }

  @Test
  @DisplayName("one configuration for each object and device, that of the machine last")
  void writesExactlyWhatIsAskedFor() throws Exception {
    request(
            "-machine", "q35,nvdimm=on",
            "-m", "128,slots=2,maxmem=4G",
            "-object", "memory-backend-ram,id=m1,size=1M",
            "-object", "memory-backend-file,id=m0,size=0x100000,mem-path=/d/a,,b,share,pmem=yes",
            "-device", "nvdimm,memdev=m0",
            "-device", "nvdimm,id=nv,memdev=m9,label-size=128k",
            "-device", "pc-dimm,memdev=m1,slot=1")
        .configure(configurations.admin());

    assertEquals(
        List.of(
            "holdfast.memory.backend.ram~m1",
            "holdfast.memory.backend.file~m0",
            "holdfast.nvdimm~nvdimm[0]",
            "holdfast.nvdimm~nv",
            "holdfast.pc.dimm~pc-dimm[2]",
            "holdfast.machine"),
        List.copyOf(configurations.written().keySet()));
    assertWritten(
        "holdfast.memory.backend.ram~m1",
        Map.of(
            "id", "m1",
            "size", "1M",
            "share", "off",
            "prealloc", "off",
            "reserve", "on",
            "policy", "default"));
    assertWritten(
        "holdfast.memory.backend.file~m0",
        Map.ofEntries(
            Map.entry("id", "m0"),
            Map.entry("size", "1M"),
            Map.entry("mem-path", "/d/a,b"),
            Map.entry("share", "on"),
            Map.entry("align", "0"),
            Map.entry("offset", "0"),
            Map.entry("pmem", "on"),
            Map.entry("readonly", "off"),
            Map.entry("rom", "auto"),
            Map.entry("discard-data", "off"),
            Map.entry("prealloc", "off"),
            Map.entry("reserve", "on"),
            Map.entry("policy", "default"),
            Map.entry("x-durability", "warn"),
            Map.entry("x-follow-symlink", "off")));
    assertWritten(
        "holdfast.nvdimm~nvdimm[0]",
        Map.of("memdev", "m0", "addr", "0", "slot", "-1", "node", "0", "unarmed", "off"));
    assertWritten(
        "holdfast.nvdimm~nv",
        Map.of(
            "id", "nv",
            "memdev", "m9",
            "addr", "0",
            "slot", "-1",
            "node", "0",
            "label-size", "128K",
            "unarmed", "off"));
    assertWritten(
        "holdfast.pc.dimm~pc-dimm[2]",
        Map.of("memdev", "m1", "addr", "0", "slot", "1", "node", "0"));
    assertMachine(
        Map.of("type", "q35", "nvdimm", "on", "size", "128M", "slots", "2", "maxmem", "4G"),
        List.of("m1", "m0"),
        List.of("nvdimm[0]", "nv", "pc-dimm[2]"));
  }

  @Test
  void aMachineAloneIsOneConfiguration() throws Exception {
    request("-probe").configure(configurations.admin());

    assertEquals(1, configurations.written().size());
    assertMachine(Map.of("type", "pc", "nvdimm", "off"), List.of(), List.of());
  }

  private void assertMachine(
      Map<String, String> properties, List<String> objects, List<String> devices) {
    Map<String, Object> own = new HashMap<>(configurations.written().get("holdfast.machine"));
    assertArrayEquals(objects.toArray(), assertInstanceOf(String[].class, own.remove("objects")));
    assertArrayEquals(devices.toArray(), assertInstanceOf(String[].class, own.remove("devices")));
    assertEquals(true, own.remove(TypeDefinition.EXACT));
    assertEquals("on", own.remove("mem-merge"));
    assertEquals("on", own.remove("dump-guest-core"));
    assertEquals(properties, own);
  }

  @Test
  @DisplayName("what is written reads back as the object that the option gave")
  void whatIsWrittenReadsBack() throws Exception {
    MachineRequest request =
        request("-object", "memory-backend-file,id=m0,size=3K,mem-path=/x,align=2M,pmem");
    request.configure(configurations.admin());

    assertEquals(
        request.objects().getFirst(),
        BackendDefinitions.FILE.checkConfiguration(
            "test", configurations.written().get("holdfast.memory.backend.file~m0")));
  }

  @Test
  @Timeout(60)
  @DisplayName("the components that get these configurations make the machine that was asked for")
  void theConfigurationsBringUpTheMachine() throws Exception {
    try (MachineFixture there = new MachineFixture().withFile().withDax()) {
      configurations = there.configurations;

      request(
              "-M", "pc,nvdimm=on",
              "-m", "1,slots=2,maxmem=4G",
              "-object", "memory-backend-file,id=m0,size=1M,mem-path=/m0,share=on,pmem=on",
              "-object", "memory-backend-ram,id=m1,size=1M",
              "-device", "nvdimm,memdev=m0",
              "-device", "pc-dimm,id=d1,memdev=m1")
          .configure(configurations.admin());

      Machine machine = there.up();
      assertEquals(
          List.of("dax", "file", "file"),
          machine.backends().stream().map(b -> b.region().status().allocator()).toList());
      assertEquals(
          List.of("ram:below-4g", "nvdimm[0]", "d1"),
          machine.memory().devices().stream().map(MemoryDevice::id).toList());
    }
  }
}
