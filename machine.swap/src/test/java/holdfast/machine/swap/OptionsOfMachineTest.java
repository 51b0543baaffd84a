package holdfast.machine.swap;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import holdfast.machine.admin.DeviceStatus;
import holdfast.machine.admin.MachineAdmin;
import holdfast.machine.admin.MachineNotUpException;
import holdfast.machine.admin.ObjectStatus;
import holdfast.machine.api.GuestAddress;
import holdfast.machine.api.SwapLimits;
import holdfast.machine.api.SwapPhase;
import holdfast.machine.api.SwapReport;
import holdfast.machine.core.Holdfast;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A machine as options: whatever was done to it, they bring up the same again. */
@Timeout(120)
class OptionsOfMachineTest {
  private static final Duration LIMIT = Duration.ofSeconds(60);

  @TempDir Path folder;

  /** What two machines must have in common; the rest is where the host put things. */
  private static List<Object> essence(MachineAdmin admin) throws Exception {
    List<ObjectStatus> objects = admin.objects();
    List<DeviceStatus> devices = admin.devices();
    return List.of(
        objects.stream() // base RAM that isn't named is opened behind those of its start
            .sorted(Comparator.comparing(ObjectStatus::id))
            .map(one -> List.of(one.id(), one.type(), one.size(), one.properties(), one.devices()))
            .toList(),
        devices.stream()
            .map(
                one ->
                    List.of(
                        List.of(one.id(), one.driver(), one.memdev(), one.address(), one.size()),
                        List.of(one.labelSize(), one.slot(), one.node(), one.unarmed())))
            .toList());
  }

  @Test
  @DisplayName("what was added, plugged, set, swapped and removed is in the options, at its place")
  void afterAnySequence() throws Exception {
    String odd = Files.createDirectory(folder.resolve("a, 'b' c")).toString();
    List<String> options;
    List<Object> before;
    try (Holdfast machine =
        Holdfast.open(
            "-machine",
            "pc,nvdimm=on,mem-merge=off",
            "-m",
            "16M,slots=8,maxmem=8G",
            "-object",
            "memory-backend-file,id=m0,size=4M,share=on,mem-path=" + folder.resolve("old"),
            "-object",
            "memory-backend-ram,id=gone,size=1M",
            "-device",
            "nvdimm,memdev=m0,label-size=128K,unarmed=on,"
                + "uuid=8a2b3c4d-0000-1111-2222-333344445555",
            "-device",
            "pc-dimm,id=d0,memdev=gone")) {
      MachineAdmin admin = machine.admin();
      admin.addObject("memory-backend-memfd", Map.of("id", "m1", "size", "2M", "prealloc", "on"));
      admin.addObject("memory-backend-ram", Map.of("id", "m2", "size", "1M"));
      admin.plug("pc-dimm", Map.of("id", "d1", "memdev", "m1", "node", "0"));
      admin.plug("pc-dimm", Map.of("id", "d2", "memdev", "m2", "addr", "6G", "slot", "5"));
      admin.set("m0", "dump", "off");
      assertEquals(
          SwapPhase.DONE,
          admin
              .swap("m0", Map.of("mem-path", odd + "/new,img"), SwapLimits.DEFAULT)
              .await(LIMIT)
              .phase());
      admin.unplug("d0");
      admin.removeObject("gone");
      options = admin.options();
      before = essence(admin);
      machine.close();
      assertThrows(MachineNotUpException.class, admin::options);
    }
    assertFalse(String.join(" ", options).contains("gone"), options::toString);
    try (Holdfast again = Holdfast.open(options.toArray(String[]::new))) {
      assertEquals(before, essence(again.admin()));
      assertEquals(options, again.admin().options());
    }
  }

  @Test
  @DisplayName("a machine of nothing but defaults")
  void defaults() throws Exception {
    try (Holdfast machine = Holdfast.open()) {
      assertEquals(List.of("-machine", "pc"), machine.admin().options());
    }
  }

  @Test
  @DisplayName("base RAM that is named is among the objects, and keeps its size")
  void namedRam() throws Exception {
    List<String> given =
        List.of(
            "-machine",
            "pc,memory-backend=ram",
            "-object",
            "memory-backend-ram,id=ram,size=32M,share=on");
    try (Holdfast machine = Holdfast.open(given.toArray(String[]::new))) {
      assertEquals(given, sorted(machine.admin().options()));
    }
  }

  @Test
  @DisplayName("base RAM that was not named is when it was swapped, and keeps what is in it")
  void swappedRam() throws Exception {
    List<String> options;
    GuestAddress somewhere = new GuestAddress(4096);
    try (Holdfast machine = Holdfast.open("-m", "4M")) {
      machine.memory().setByte(somewhere, (byte) 77);
      MachineAdmin admin = machine.admin();
      String file = folder.resolve("ram").toString();
      Map<String, String> changes =
          Map.of("qom-type", "memory-backend-file", "mem-path", file, "share", "on");
      assertEquals(
          SwapPhase.DONE, admin.swap("pc.ram", changes, SwapLimits.DEFAULT).await(LIMIT).phase());
      options = admin.options();
    }
    try (Holdfast again = Holdfast.open(options.toArray(String[]::new))) {
      assertEquals(77, again.memory().getByte(somewhere));
    }
  }

  @Test
  @DisplayName(
      "a swap to memory with a greater alignment is rolled back where a device could not be"
          + " plugged again at its place, or would be cut")
  void alignment() throws Exception {
    try (Holdfast machine =
        Holdfast.open(
            "-machine",
            "pc,nvdimm=on",
            "-m",
            "1M,slots=2,maxmem=1G",
            "-object",
            "memory-backend-file,id=m0,size=4M,share=on,mem-path=" + folder.resolve("old"),
            "-device",
            "nvdimm,id=nv0,memdev=m0,label-size=128K")) {
      SwapReport report =
          machine
              .admin()
              .swap(
                  "m0",
                  Map.of("mem-path", folder.resolve("new").toString(), "align", "1M"),
                  SwapLimits.DEFAULT)
              .await(LIMIT);
      assertEquals(SwapPhase.ROLLED_BACK, report.phase(), report::toString);
      boolean ofDevice = report.reason().contains("device 'nv0' is at 0x100000000 with 3968K");
      assertTrue(ofDevice, report::reason);
    }
  }

  /** The items of an object in the order in which they were given here. */
  private static List<String> sorted(List<String> words) {
    return words.stream()
        .map(word -> word.replace("id=ram,share=on,size=32M", "id=ram,size=32M,share=on"))
        .toList();
  }
}
