package holdfast.monitor.shell.internal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import holdfast.machine.core.OpenMachine;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.function.Executable;

/** The commands that change what a machine is made of, on blocks without memory. */
@Timeout(120)
class MachineCommandsTest {
  private static final String UNTIL =
      "; this holds until the machine ends, since nothing stores what it was opened with";

  private final OpenMachine there = OpenMachine.of();
  private final MachineCommands commands = new MachineCommands(there.admin());
  private final RamCommands ram = new RamCommands(there.admin());

  @AfterEach
  void close() {
    there.close();
  }

  private static void assertSays(String sentence, Executable command) {
    assertEquals(sentence, assertThrows(CommandFailure.class, command).getMessage());
  }

  @Test
  @DisplayName("an object and a device are added and removed in QEMU's words, and listed meanwhile")
  void addsAndRemoves() throws Exception {
    assertEquals(
        "memory backend 'm1' was added" + UNTIL,
        commands.object_add("memory-backend-ram,id=m1,size=64M"));
    assertEquals(
        "device 'd1' was plugged at 0x100000000" + UNTIL,
        commands.device_add("pc-dimm,id=d1,memdev=m1,slot=2"));
    assertTrue(ram.list().contains("m1      64M   attached"), ram.list());
    assertTrue(ram.list().contains("0x100000000  64M   d1            pc-dimm  m1"), ram.list());
    assertSays(
        "memory backend 'm1' is in use by d1; unplug that first", () -> commands.object_del("m1"));

    assertEquals("device 'd1' was unplugged" + UNTIL, commands.device_del("d1"));
    assertEquals("memory backend 'm1' was removed" + UNTIL, commands.object_del("m1"));
    assertTrue(!ram.list().contains("m1"), ram.list());
  }

  @Test
  @DisplayName("JSON is read as by -object, and help is answered")
  void readsWhatTheCommandLineReads() throws Exception {
    commands.object_add("{\"qom-type\":\"memory-backend-ram\",\"id\":\"m1\",\"size\":1048576}");
    assertTrue(ram.list().contains("m1      1M"), ram.list());
    assertTrue(commands.object_add("memory-backend-ram,help").contains("size="));
    assertTrue(commands.device_add("help").contains("nvdimm"));
  }

  @Test
  @DisplayName("what can't be done is one sentence, and changes nothing")
  void refusals() throws Exception {
    String before = ram.list();
    assertSays(
        "TYPE,id=ID,PROPERTIES is missing: write ram:object_add TYPE,id=ID,PROPERTIES",
        commands::object_add);
    assertTrue(
        assertThrows(CommandFailure.class, () -> commands.object_add("memory-backend-rom,id=a"))
            .getMessage()
            .contains("memory-backend-rom is not a type"));
    assertSays(
        "memory backend 'pc.ram' is in use by ram:below-4g, the machine's base RAM, and stays until"
            + " the machine ends",
        () -> commands.object_del("pc.ram"));
    assertSays(
        "there is no device 'nothing'; there are ram:below-4g",
        () -> commands.device_del("nothing"));
    assertSays(
        "there is no memory backend 'nothing'; there are pc.ram",
        () -> commands.object_del("nothing"));
    assertSays(
        "nothing here swaps memory or knows its writers: add holdfast.machine.swap",
        commands::pause);
    assertEquals(before, ram.list());
    assertEquals("the machine is up", commands.status());
  }
}
