package holdfast.machine.swap;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import holdfast.machine.admin.AdminException;
import holdfast.machine.admin.MachineAdmin;
import holdfast.machine.api.DeviceKind;
import holdfast.machine.api.GuestAddress;
import holdfast.machine.api.MemoryDevice;
import holdfast.machine.core.Holdfast;
import java.io.IOException;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** As many devices as a machine can have, on sparse files of the file system of temporary files. */
@Timeout(300)
class ManyDevicesTest {
  private static final ByteOrder ORDER = ByteOrder.LITTLE_ENDIAN;
  private static final int SLOTS = 256;
  private static final long SIZE = 24L << 30; // 6 TiB in all

  @TempDir Path folder;

  private MemoryDevice plug(Holdfast machine, int number) throws AdminException {
    MachineAdmin admin = machine.admin();
    admin.addObject(
        "memory-backend-file",
        Map.of(
            "id", "m" + number,
            "size", "" + SIZE,
            "share", "on",
            "reserve", "off",
            "mem-path", folder + "/m" + number));
    admin.plug("nvdimm", Map.of("id", "nv" + number, "memdev", "m" + number));
    return machine.memory().devices().getLast();
  }

  private static GuestAddress lastWord(MemoryDevice device) {
    return device.address().plus(device.size().bytes() - Long.BYTES);
  }

  private long mapped() throws IOException {
    try (Stream<String> maps = Files.lines(Path.of("/proc/self/maps"))) {
      return maps.filter(one -> one.contains(folder.toString())).count();
    }
  }

  @Test
  @DisplayName(
      "256 NVDIMMs with 6 TiB in all come and go: each has its slot, its addresses and its bytes, a"
          + " 257th is refused, and no mapping is left")
  void allSlots() throws Exception {
    try (Holdfast machine =
        Holdfast.open("-machine", "pc,nvdimm=on", "-m", "1M,slots=" + SLOTS + ",maxmem=8T")) {
      for (int number = 0; number < SLOTS; number++) {
        MemoryDevice device = plug(machine, number);
        assertEquals(number, device.slot());
        machine.memory().setLong(device.address(), number, ORDER);
        machine.memory().setLong(lastWord(device), -number, ORDER);
      }
      AdminException none = assertThrows(AdminException.class, () -> plug(machine, SLOTS));
      assertTrue(none.getMessage().contains("slot"), none.getMessage());
      machine.admin().removeObject("m" + SLOTS);
      List<MemoryDevice> devices =
          machine.memory().devices().stream()
              .filter(device -> device.driver() == DeviceKind.NVDIMM)
              .toList();
      assertEquals(SLOTS, devices.size());
      for (int number = 0; number < SLOTS; number++) {
        MemoryDevice device = devices.get(number);
        assertEquals(number, machine.memory().getLong(device.address(), ORDER));
        assertEquals(-number, machine.memory().getLong(lastWord(device), ORDER));
        if (number > 0) {
          MemoryDevice before = devices.get(number - 1);
          assertTrue(lastWord(before).compareTo(device.address()) < 0);
        }
      }
      for (int number = 0; number < SLOTS; number++) {
        machine.admin().unplug("nv" + number);
        machine.admin().removeObject("m" + number);
      }
      assertEquals(0, mapped());
    }
  }
}
