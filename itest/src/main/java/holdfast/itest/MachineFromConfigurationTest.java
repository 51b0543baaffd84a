package holdfast.itest;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import holdfast.machine.api.GuestMemory;
import holdfast.machine.api.MemoryDevice;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.osgi.framework.Constants;
import org.osgi.framework.ServiceEvent;
import org.osgi.framework.ServiceListener;

/**
 * A machine made from ConfigAdmin's configurations, with no command line: it comes up as a whole
 * when the last of its parts has arrived, in whatever order, and goes as a whole. On files on a
 * disk.
 */
class MachineFromConfigurationTest extends LiveMachineTest {
  private static final int ORDERS = 24;

  /** What the registration of the service looked like to who was told of it at once. */
  private final List<String> events = new CopyOnWriteArrayList<>();

  private final ServiceListener listener =
      event -> {
        boolean added = event.getType() == ServiceEvent.REGISTERED;
        GuestMemory memory = (GuestMemory) context.getService(event.getServiceReference());
        events.add((added ? "+" : "-") + memory.devices().stream().map(MemoryDevice::id).toList());
        context.ungetService(event.getServiceReference());
      };

  @Test
  @DisplayName("the parts arrive in 24 orders: the service comes once, with all devices, after all")
  void comesUpWhenAllIsThereInAnyOrder() throws Exception {
    context.addServiceListener(
        listener, "(" + Constants.OBJECTCLASS + "=" + GuestMemory.class.getName() + ")");
    Random random = new Random(1);
    for (int order = 0; order < ORDERS; order++) {
      List<Map.Entry<String, Map<String, Object>>> parts =
          new ArrayList<>(machine.standard().entrySet());
      Collections.shuffle(parts, random);
      Map.Entry<String, Map<String, Object>> last = parts.removeLast();
      List<String> names = parts.stream().map(Map.Entry::getKey).toList();

      parts.forEach(part -> machine.configure(part.getKey(), part.getValue()));
      if (last.getKey().equals(MachineFixture.MACHINE)) {
        machine.awaitReason("no machine is configured");
      } else {
        String name = last.getKey().substring(last.getKey().indexOf('~') + 1);
        machine.awaitReason("'" + name + "', which has no configuration: write ");
      }
      assertEquals(List.of(), machine.held(), "before " + last.getKey() + ", after " + names);
      assertEquals(List.of(), events, "before " + last.getKey() + ", after " + names);

      machine.configure(last.getKey(), last.getValue());
      machine.awaitUp();
      String devices = "[ram:below-4g, nvdimm0, dimm0, dimm1]";
      assertEquals(List.of("+" + devices), events, last.getKey() + " after " + names);
      machine.takeDown();
      assertEquals(List.of("+" + devices, "-" + devices), events);
      events.clear();
    }
    context.removeServiceListener(listener);
  }

  @Test
  @DisplayName("to delete the machine's configuration alone ends it; to write it again starts it")
  void goesAndComesWithItsOwnConfiguration() {
    GuestMemory memory = machine.bringUp();
    List<MemorySegment> segments = memory.devices().stream().map(MemoryDevice::segment).toList();
    GuestLoad load = GuestLoad.on(memory);
    try (load) {
      load.stop();
    }
    machine.delete(MachineFixture.MACHINE);
    machine.awaitReason("no machine is configured");
    Await.until("let go of", machine::held, List::isEmpty);
    for (MemorySegment segment : segments) {
      assertThrows(IllegalStateException.class, () -> segment.get(ValueLayout.JAVA_BYTE, 0));
    }
    load.checkFile("nvdimm0", machine.sharedFile());

    machine.configure(MachineFixture.MACHINE, machine.standard().get(MachineFixture.MACHINE));
    machine.awaitUp();
    assertEquals(
        segments.stream().map(MemorySegment::byteSize).toList(),
        machine.guestMemory().orElseThrow().devices().stream()
            .map(device -> device.size().bytes())
            .toList());
    load.checkFile("nvdimm0", machine.sharedFile());
  }

  @Test
  @DisplayName("no allocator for a part: nothing comes up, not even a file, until one has come")
  void waitsForAnAllocator() throws Exception {
    file.stop();
    dax.stop();
    machine.standard().forEach(machine::configure);
    machine.awaitReason("'shared'", "none is registered", "holdfast.backend.file");
    assertFalse(Files.exists(machine.sharedFile()));
    dax.start();
    machine.awaitReason("'private'", "dax (ranking 100)", "holdfast.backend.file");
    assertFalse(Files.exists(machine.sharedFile()), "opened for the try, and taken back");
    assertEquals(List.of(), machine.held());
    file.start();
    machine.awaitUp();
    assertTrue(Files.exists(machine.sharedFile()));
    assertEquals("attached to allocator dax", machine.state("shared"));
  }

  @Test
  @DisplayName("a configuration that the machine does not list is not part of it")
  void leavesOutWhatIsNotListed() {
    machine.configure(
        "holdfast.memory.backend.file~stray",
        Map.of("id", "stray", "mem-path", machine.folder() + "/stray.img", "size", "1M"));
    machine.bringUp();
    assertFalse(machine.run("ram:list").contains("stray"));
    assertFalse(Files.exists(machine.folder().resolve("stray.img")));
  }
}
