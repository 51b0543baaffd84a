package holdfast.machine.core;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import holdfast.machine.api.GuestMemoryListener;
import holdfast.machine.api.MemoryDevice;
import holdfast.machine.api.MemoryRegion;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What {@code unarmed=auto} tells the guest, on blocks without memory. */
@Timeout(120)
class UnarmedTest {
  private final OpenMachine there =
      OpenMachine.of(
          "-object",
          "memory-backend-file,id=m,size=1M,share=on,pmem=on,mem-path=/d/f",
          "-object",
          "memory-backend-file,id=p,size=1M,share=on,mem-path=/d/p",
          "-device",
          "nvdimm,id=nv,memdev=m,unarmed=auto",
          "-device",
          "nvdimm,id=page,memdev=p,unarmed=auto");

  @AfterEach
  void close() {
    there.close();
  }

  private MemoryDevice device(String id) {
    return there.machine().memory().devices().stream()
        .filter(one -> one.id().equals(id))
        .findFirst()
        .orElseThrow();
  }

  @Test
  @DisplayName("armed where the guest's flush of a cache line suffices, unarmed where it doesn't")
  void byGranularity() {
    assertFalse(device("nv").unarmed());
    assertTrue(device("page").unarmed());
  }

  @Test
  @DisplayName("unarmed on cache lines where the guest is told that it needn't flush them")
  void withoutFlushes() {
    try (OpenMachine cpu =
        OpenMachine.of(
            "-machine",
            "nvdimm-persistence=cpu",
            "-object",
            "memory-backend-file,id=m,size=1M,share=on,pmem=on,mem-path=/d/f",
            "-device",
            "nvdimm,id=nv,memdev=m,unarmed=auto")) {
      assertTrue(cpu.devices().getLast().unarmed());
    }
  }

  @Test
  @DisplayName("it follows a downgrade, and a listener that hears of the region sees it")
  void followsTheRegion() throws Exception {
    BlockingQueue<Boolean> seen = new LinkedBlockingQueue<>();
    MemoryDevice device = device("nv");
    there
        .machine()
        .memory()
        .addListener(
            new GuestMemoryListener() {
              @Override
              public void deviceAdded(MemoryDevice added) {}

              @Override
              public void deviceRemoved(MemoryDevice removed) {}

              @Override
              public void regionChanged(MemoryRegion region) {
                seen.add(device.unarmed());
              }
            });
    there.unregister(there.dax);
    Boolean unarmed = false;
    while (!unarmed) {
      unarmed = seen.poll(60, TimeUnit.SECONDS);
      assertTrue(unarmed != null, "the region was never told to be of less");
    }
    assertTrue(device.unarmed());
  }

  @Test
  @DisplayName("unarmed once the region has failed")
  void failed() {
    MemoryDevice device = device("nv");
    assertFalse(device.unarmed());
    there.machine().find("m").orElseThrow().region().fail(new InternalError("a lost page"));
    assertTrue(device.unarmed());
  }

  @Test
  @DisplayName("the options that bring the machine up again say auto, not what it came to")
  void isWrittenOut() throws Exception {
    assertEquals(
        2, there.admin().options().stream().filter(one -> one.contains("unarmed=auto")).count());
  }
}
