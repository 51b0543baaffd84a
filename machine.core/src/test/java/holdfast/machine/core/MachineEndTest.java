package holdfast.machine.core;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import holdfast.backend.mmap.RamMapper;
import holdfast.backend.mmap.style.MappingStyle;
import holdfast.machine.api.GuestMemoryListener;
import holdfast.machine.api.MemoryDevice;
import holdfast.machine.api.MemoryRegion;
import holdfast.machine.core.internal.Listeners;
import holdfast.machine.core.internal.Warnings;
import holdfast.machine.core.internal.guest.FlatGuestMemory;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The end of a machine whose listener doesn't let go of its memory. */
@Timeout(120)
class MachineEndTest {

  @Test
  @DisplayName("the machine's end waits once, and leaves mapped what a hanging listener may use")
  void hangingListener() throws Exception {
    CountDownLatch release = new CountDownLatch(1);
    Set<Thread> threads = ConcurrentHashMap.newKeySet();
    GuestMemoryListener hanging =
        new GuestMemoryListener() {
          @Override
          public void deviceAdded(MemoryDevice device) {
            threads.add(Thread.currentThread());
          }

          @Override
          public void deviceRemoved(MemoryDevice device) {
            try {
              assertTrue(release.await(60, TimeUnit.SECONDS));
            } catch (InterruptedException e) {
              throw new IllegalStateException(e);
            }
          }

          @Override
          public void regionChanged(MemoryRegion region) {}
        };
    MemorySegment ram;
    try (Warnings named = new Warnings(Listeners.class);
        Warnings mapped = new Warnings(FlatGuestMemory.class)) {
      RealMachine machine =
          new RealMachine(
              new MapperAllocator(new RamMapper(), MappingStyle.kernel("file")),
              List.of(),
              ImageCheck.NONE);
      machine.machine().memory().addListener(hanging);
      ram = machine.machine().find("pc.ram").orElseThrow().region().segment();
      long began = System.nanoTime();
      machine.close();
      Duration took = Duration.ofNanos(System.nanoTime() - began);
      assertTrue(took.compareTo(Listeners.LIMIT) >= 0, took::toString);
      assertTrue(took.compareTo(Listeners.LIMIT.multipliedBy(2)) < 0, took::toString);
      ram.set(ValueLayout.JAVA_BYTE, 0, (byte) 1);
      assertEquals(1, ram.get(ValueLayout.JAVA_BYTE, 0));
      assertEquals(1, named.lines().size());
      assertEquals(1, mapped.lines().size());
    }
    release.countDown();
    for (Thread thread : threads) {
      assertTrue(thread.join(Duration.ofSeconds(30)), "a thread is left: " + thread);
    }
    assertThrows(IllegalStateException.class, () -> ram.get(ValueLayout.JAVA_BYTE, 0));
  }
}
