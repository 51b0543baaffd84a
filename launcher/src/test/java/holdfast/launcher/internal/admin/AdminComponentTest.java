package holdfast.launcher.internal.admin;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import holdfast.launcher.internal.machine.MachineComponent;
import holdfast.launcher.internal.machine.MachineFixture;
import holdfast.launcher.internal.swap.SwapComponent;
import holdfast.machine.admin.Added;
import holdfast.machine.admin.DeviceStatus;
import holdfast.machine.admin.DuplicateIdException;
import holdfast.machine.admin.InvalidRequestException;
import holdfast.machine.admin.MachineAdmin;
import holdfast.machine.admin.MachineNotUpException;
import holdfast.machine.admin.MachineStatus;
import holdfast.machine.admin.MachineSummary;
import holdfast.machine.admin.MachineSummary.DoorStatus;
import holdfast.machine.admin.NoSuchObjectException;
import holdfast.machine.admin.ObjectInUseException;
import holdfast.machine.admin.ObjectStatus;
import holdfast.machine.admin.PropertyChange;
import holdfast.machine.admin.RefusedException;
import holdfast.machine.admin.Retention;
import holdfast.machine.core.FakeBlock;
import holdfast.machine.core.Machine;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * The operator's service of a configured machine: what it changes is written into the
 * configurations, and what changes in these it sees. On blocks that are fakes.
 */
@Timeout(120)
class AdminComponentTest {
  private static final String M0 = "holdfast.memory.backend.file~m0";
  private static final String M1 = "holdfast.memory.backend.ram~m1";
  private static final Map<String, String> RAM = Map.of("id", "m1", "size", "1M");

  private final List<DoorStatus> doors = new ArrayList<>();
  private final MachineFixture there = new MachineFixture().withFile().withDax();
  private final MachineAdmin admin =
      new AdminComponent(
          there.component(), new SwapComponent(there.component(), there.admin()), () -> doors);
  private Machine machine;

  @BeforeEach
  void comeUp() throws InterruptedException {
    there.backend("m0", "pmem=on");
    there.nvdimm("nv0", "m0", "label-size=128K");
    there.machine("objects=m0", "devices=nv0");
    machine = there.up();
  }

  @AfterEach
  void close() {
    there.close();
  }

  private Map<String, Object> written(String pid) {
    return there.configurations.written().get(pid);
  }

  private List<String> objects() throws MachineNotUpException {
    return admin.objects().stream().map(ObjectStatus::id).toList();
  }

  private List<String> devices() throws MachineNotUpException {
    return admin.devices().stream().map(one -> one.id()).toList();
  }

  @Test
  @DisplayName("an object and a device that are added are configured and listed, and go again")
  void addsAndRemoves() throws Exception {
    Added<ObjectStatus> object = admin.addObject("memory-backend-ram", RAM);
    assertEquals(Retention.in("configuration " + M1), object.retention());
    assertEquals("m1", object.status().id());
    Added<DeviceStatus> device =
        admin.plug("pc-dimm", Map.of("id", "d1", "memdev", "m1", "slot", "3"));
    assertEquals(Retention.in("configuration holdfast.pc.dimm~d1"), device.retention());
    assertEquals(3, device.status().slot());
    there.awaitFollowed();

    assertEquals(List.of("m0", "pc.ram", "m1"), objects());
    assertEquals(List.of("ram:below-4g", "nv0", "d1"), devices());
    assertEquals(List.of("d1"), admin.object("m1").devices());
    assertEquals(3, admin.device("d1").slot());
    assertEquals("m0,m1", written(MachineComponent.PID).get("objects"));
    assertEquals("nv0,d1", written(MachineComponent.PID).get("devices"));
    assertEquals(RAM, written(M1));
    assertEquals("m1", written("holdfast.pc.dimm~d1").get("memdev"));

    ObjectInUseException inUse =
        assertThrows(ObjectInUseException.class, () -> admin.removeObject("m1"));
    assertEquals(List.of("d1"), inUse.devices());

    assertEquals(Retention.in("configuration holdfast.pc.dimm~d1"), admin.unplug("d1"));
    assertEquals(Retention.in("configuration " + M1), admin.removeObject("m1"));
    there.awaitFollowed();

    assertEquals(List.of("m0", "pc.ram"), objects());
    assertEquals(List.of("ram:below-4g", "nv0"), devices());
    assertEquals(FakeBlock.End.CLOSED, there.file.made().getLast().end());
    assertEquals("m0", written(MachineComponent.PID).get("objects"));
    assertEquals("nv0", written(MachineComponent.PID).get("devices"));
    assertFalse(there.configurations.written().containsKey(M1));
    assertFalse(there.configurations.written().containsKey("holdfast.pc.dimm~d1"));
    assertSame(machine, there.up(), "the same machine is up all the while");
  }

  @Test
  @DisplayName("what was added is there when the machine starts again")
  void whatWasAddedComesUpAgain() throws Exception {
    admin.addObject("memory-backend-ram", RAM);
    admin.plug("pc-dimm", Map.of("memdev", "m1"));
    Map<String, Object> own = written(MachineComponent.PID);

    there.configurations.delete(MachineComponent.PID);
    there.awaitFollowed();
    assertThrows(MachineNotUpException.class, admin::objects);
    there.configurations.put(MachineComponent.PID, own);
    there.up();

    assertEquals(List.of("m0", "m1", "pc.ram"), objects());
    assertEquals(List.of("ram:below-4g", "nv0", "pc-dimm[1]"), devices());
  }

  @Test
  @DisplayName("configurations that come and go plug and unplug while the machine is up")
  void configurationsComeAndGo() throws Exception {
    there.configurations.put(M1, Map.of("id", "m1", "size", "1M"));
    there.configurations.put("holdfast.pc.dimm~d1", Map.of("memdev", "m1", "id", "d1"));
    there.awaitFollowed();
    assertEquals(List.of("m0", "pc.ram"), objects(), "nothing lists them yet");

    there.machine("objects=m0,m1", "devices=nv0,d1");
    there.awaitFollowed();
    assertEquals(List.of("m0", "pc.ram", "m1"), objects());
    assertEquals(List.of("ram:below-4g", "nv0", "d1"), devices());

    there.configurations.delete("holdfast.pc.dimm~d1");
    there.awaitFollowed();
    assertEquals(List.of("ram:below-4g", "nv0"), devices());

    there.configurations.put("holdfast.pc.dimm~d1", Map.of("memdev", "m1", "id", "d1"));
    there.awaitFollowed();
    assertEquals(List.of("ram:below-4g", "nv0", "d1"), devices());

    there.machine("objects=m0", "devices=nv0");
    there.awaitFollowed();
    assertEquals(List.of("m0", "pc.ram"), objects());
    assertEquals(List.of("ram:below-4g", "nv0"), devices());
    assertSame(machine, there.up());
  }

  @Test
  @DisplayName("an object whose configuration goes stays while a device is on it")
  void anObjectInUseStays() throws Exception {
    there.configurations.delete(M0);
    there.awaitFollowed();
    assertEquals(List.of("m0", "pc.ram"), objects());

    there.machine("objects=", "devices=");
    there.awaitFollowed();
    assertEquals(List.of("pc.ram"), objects());
    assertEquals(List.of("ram:below-4g"), devices());
  }

  @Test
  @DisplayName("what is listed and can't be added is tried again when the reason may have gone")
  void triesAgain() throws Exception {
    there.configurations.put(M1, Map.of("id", "m1", "size", "1M"));
    there.configurations.put("holdfast.nvdimm~nv1", Map.of("memdev", "m1", "slot", "0"));
    there.machine("objects=m0,m1", "devices=nv0,nv1");
    there.awaitFollowed();
    assertEquals(List.of("ram:below-4g", "nv0"), devices(), "slot 0 is taken");

    there.machine("objects=m0,m1", "devices=nv1");
    there.awaitFollowed();
    assertEquals(List.of("ram:below-4g", "nvdimm[0]"), devices());
  }

  @Test
  @DisplayName("an object that waits for an allocator is added when that comes")
  void waitsForAnAllocator() throws Exception {
    there.unregister(there.file);
    there.configurations.put(M1, Map.of("id", "m1", "size", "1M"));
    there.machine("objects=m0,m1", "devices=nv0");
    there.awaitFollowed();
    assertEquals(List.of("m0", "pc.ram"), objects());

    there.withFile();
    there.awaitFollowed();
    assertEquals(List.of("m0", "pc.ram", "m1"), objects());
  }

  @Test
  @DisplayName("set and use are written into the object's configuration; base RAM has none")
  void setAndUseAreStored() throws Exception {
    assertEquals(
        new PropertyChange("off", "off", Retention.in("configuration " + M0)),
        admin.set("m0", "dump", "off"));
    assertEquals("off", written(M0).get("dump"));
    assertEquals("off", admin.set("m0", "prealloc", "off").inForce());

    assertEquals(Retention.in("configuration " + M0), admin.use("m0", "file"));
    assertEquals("(backend.kind=file)", written(M0).get("allocator.target"));
    ObjectStatus now = admin.object("m0");
    assertEquals("file", now.allocator());
    assertEquals("(backend.kind=file)", now.filter());
    admin.use("m0", "*");
    assertFalse(written(M0).containsKey("allocator.target"));
    assertEquals("dax", admin.object("m0").allocator());

    int configurations = there.configurations.written().size();
    assertEquals(
        "until the machine ends, since no configuration declares it",
        admin.set("pc.ram", "dump", "off").retention().limit());
    admin.use("pc.ram", "*");
    assertEquals(configurations, there.configurations.written().size());
  }

  @Test
  @DisplayName("a refused change is written nowhere, and has its own type")
  void refusalsAreTyped() throws Exception {
    Map<String, Map<String, Object>> before = there.configurations.written();

    assertThrows(
        DuplicateIdException.class,
        () -> admin.addObject("memory-backend-ram", Map.of("id", "m0", "size", "1M")));
    assertThrows(InvalidRequestException.class, () -> admin.addObject("memory-backend-rom", RAM));
    assertThrows(
        InvalidRequestException.class,
        () -> admin.addObject("memory-backend-ram", Map.of("id", "m2")));
    assertThrows(
        DuplicateIdException.class,
        () -> admin.plug("nvdimm", Map.of("id", "nv0", "memdev", "m0")));
    assertThrows(
        NoSuchObjectException.class, () -> admin.plug("nvdimm", Map.of("memdev", "nothing")));
    assertThrows(RefusedException.class, () -> admin.plug("nvdimm", Map.of("memdev", "m0")));
    assertThrows(RefusedException.class, () -> admin.unplug("ram:below-4g"));
    assertThrows(ObjectInUseException.class, () -> admin.removeObject("pc.ram"));
    assertThrows(NoSuchObjectException.class, () -> admin.removeObject("nothing"));
    assertThrows(RefusedException.class, () -> admin.use("m0", "nvram"));
    assertThrows(InvalidRequestException.class, () -> admin.use("m0", "(x"));
    assertThrows(InvalidRequestException.class, () -> admin.persist("m0", 1, 1 << 20));

    assertEquals(before, there.configurations.written());
    assertEquals(List.of("m0", "pc.ram"), objects());
  }

  @Test
  @DisplayName("a configuration of that name, of any type, is left alone: another one is made")
  void aForeignConfigurationIsLeftAlone() throws Exception {
    there.configurations.put("holdfast.memory.backend.file~m1", Map.of("id", "foreign"));
    there.awaitFollowed();

    Retention retention = admin.addObject("memory-backend-ram", RAM).retention();
    there.awaitFollowed();

    assertEquals(Retention.in("configuration " + M1 + "-2"), retention);
    assertEquals(List.of("m0", "pc.ram", "m1"), objects());
    assertEquals("foreign", written("holdfast.memory.backend.file~m1").get("id"));
    assertEquals("m0,m1-2", written(MachineComponent.PID).get("objects"));

    admin.removeObject("m1");
    assertEquals("m0", written(MachineComponent.PID).get("objects"));
    assertFalse(there.configurations.written().containsKey(M1 + "-2"));
    assertEquals("foreign", written("holdfast.memory.backend.file~m1").get("id"));
  }

  @Test
  @DisplayName("an id that is the name of another object's configuration leaves that listed")
  void anIdThatIsAnothersName() throws Exception {
    there.backend("foo", "id=bar");
    there.machine("objects=m0,foo", "devices=nv0");
    there.awaitFollowed();
    assertEquals(List.of("m0", "pc.ram", "bar"), objects());

    admin.addObject("memory-backend-ram", Map.of("id", "foo", "size", "1M"));
    there.awaitFollowed();

    assertEquals(List.of("m0", "pc.ram", "bar", "foo"), objects());
    assertEquals("m0,foo,foo-2", written(MachineComponent.PID).get("objects"));
  }

  @Test
  @DisplayName("a device that was plugged has its address and slot again at the next start")
  void aPluggedDeviceKeepsItsPlace() throws Exception {
    admin.addObject("memory-backend-ram", RAM);
    DeviceStatus plugged = admin.plug("pc-dimm", Map.of("memdev", "m1")).status();
    Map<String, Object> own = new HashMap<>(written(MachineComponent.PID));
    own.put("objects", "m1");
    own.put("devices", plugged.id());

    there.configurations.delete(MachineComponent.PID);
    there.awaitFollowed();
    there.configurations.put(MachineComponent.PID, own);
    there.up();

    DeviceStatus again = admin.device(plugged.id());
    assertEquals(plugged.address(), again.address());
    assertEquals(plugged.slot(), again.slot());
    assertTrue(plugged.hotplugged());
    assertFalse(again.hotplugged(), "it is there from the start now");
  }

  @Test
  @DisplayName("a machine's configuration that is empty, or has a mistake, changes nothing")
  void anEmptyConfigurationChangesNothing() throws Exception {
    there.configurations.put(MachineComponent.PID, Map.of());
    there.awaitFollowed();
    there.machine("objects=", "devices=", "size=nonsense");
    there.awaitFollowed();

    assertEquals(List.of("m0", "pc.ram"), objects());
    assertEquals(List.of("ram:below-4g", "nv0"), devices());
  }

  @Test
  @DisplayName("what can't be listed leaves no configuration behind")
  void whatCantBeListedIsUndone() throws Exception {
    there.configurations.failingToUpdate(MachineComponent.PID);

    Retention retention = admin.addObject("memory-backend-ram", RAM).retention();

    assertTrue(retention.limit().contains("can't be written"), retention.limit());
    assertFalse(there.configurations.written().containsKey(M1));
  }

  @Test
  @DisplayName("while ConfigAdmin is gone, what is added holds until the machine ends, and says so")
  void withoutConfigAdmin() throws Exception {
    there.withoutConfigAdmin();

    Retention retention = admin.addObject("memory-backend-ram", RAM).retention();

    assertTrue(retention.limit().startsWith("until the machine ends, since"), retention.limit());
    assertEquals(List.of("m0", "pc.ram", "m1"), objects());
  }

  @Test
  @DisplayName("what is removed stays away though it is still listed, until its file is changed")
  void whatCantBeUnlistedStaysAway() throws Exception {
    there.configurations.failingToUpdate(MachineComponent.PID);

    Retention unplugged = admin.unplug("nv0");
    Retention removed = admin.removeObject("m0");
    there.awaitFollowed();

    assertTrue(unplugged.limit().contains("can't be deleted"), unplugged.limit());
    assertTrue(removed.limit().contains("can't be deleted"), removed.limit());
    assertEquals(List.of("pc.ram"), objects());
    assertEquals(List.of("ram:below-4g"), devices());

    there.backend("m0", "pmem=on", "reserve=off");
    there.nvdimm("nv0", "m0", "label-size=256K");
    there.awaitFollowed();

    assertEquals(List.of("pc.ram", "m0"), objects());
    assertEquals(List.of("ram:below-4g", "nv0"), devices());
  }

  @Test
  @DisplayName("what is removed while ConfigAdmin is gone stays away when that is back")
  void removedWithoutConfigAdmin() throws Exception {
    there.withoutConfigAdmin();

    Retention retention = admin.unplug("nv0");
    there.withConfigAdmin();
    there.awaitFollowed();

    assertTrue(retention.limit().startsWith("until the machine ends, since"), retention.limit());
    assertEquals(List.of("ram:below-4g"), devices());

    there.machine("objects=m0", "devices="); // an operator unlists it, and lists it again
    there.awaitFollowed();
    there.machine("objects=m0", "devices=nv0");
    there.awaitFollowed();
    assertEquals(List.of("ram:below-4g", "nv0"), devices());
  }

  @Test
  @DisplayName("lists stay arrays where they are, as on a command line")
  void arraysStayArrays() throws Exception {
    there.configurations.put(
        MachineComponent.PID,
        Map.of(
            "size", "1M",
            "slots", "4",
            "maxmem", "1G",
            "nvdimm", "on",
            "objects", new String[] {"m0"},
            "devices", new String[] {"nv0"}));
    there.awaitFollowed();

    admin.addObject("memory-backend-ram", RAM);

    assertArrayEquals(
        new String[] {"m0", "m1"}, (String[]) written(MachineComponent.PID).get("objects"));
    there.awaitFollowed();
    assertEquals(List.of("m0", "pc.ram", "m1"), objects());
  }

  @Test
  @DisplayName("the status says how far the machine is, and a call says it too")
  void saysHowFarTheMachineIs() throws Exception {
    assertEquals(MachineStatus.up(false), admin.status());

    try (MachineFixture other = new MachineFixture()) {
      AdminComponent others =
          new AdminComponent(
              other.component(), new SwapComponent(other.component(), other.admin()), List::of);
      assertEquals(
          "no machine is configured: there is no configuration holdfast.machine",
          assertThrows(MachineNotUpException.class, others::objects).getMessage());
      other.machine("objects=m1", "type=q35");
      other.awaitIncomplete("m1");
      assertEquals(
          "the machine is not up yet: configuration holdfast.machine lists memory backend 'm1',"
              + " which has no configuration: write configuration holdfast.memory.backend.file~m1,"
              + " or take m1 out of objects",
          assertThrows(MachineNotUpException.class, others::objects).getMessage());
      other.backend("m1", "size=nonsense");
      other.assertFails("size=nonsense");
      assertEquals(MachineStatus.Phase.FAILED, others.status().phase());
    }
    there.close();
    assertEquals(
        "the machine has ended",
        assertThrows(MachineNotUpException.class, admin::objects).getMessage());
  }

  @Test
  @DisplayName("the summary says what the machine is, since when it is in its phase, and its doors")
  void sumsUp() throws Exception {
    doors.add(new DoorStatus("unix:/run/a", ""));
    MachineSummary first = admin.summary();

    assertEquals(MachineStatus.up(false), first.status());
    assertEquals("pc", first.hardware().orElseThrow().type());
    assertEquals(2, first.hardware().orElseThrow().objects());
    assertEquals(2, first.hardware().orElseThrow().devices());
    assertEquals(doors, first.doors());

    admin.addObject("memory-backend-ram", RAM);
    assertEquals(3, admin.summary().hardware().orElseThrow().objects());
    assertEquals(first.since(), admin.summary().since(), "it is up since then");

    there.close();
    MachineSummary last = admin.summary();
    assertEquals(MachineStatus.Phase.ENDED, last.status().phase());
    assertEquals(Optional.empty(), last.hardware());
    assertFalse(last.since().isBefore(first.since()));
  }
}
