package holdfast.machine.core.internal.guest;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import holdfast.backend.api.ByteSize;
import holdfast.machine.api.DeviceKind;
import holdfast.machine.api.GuestMemoryListener;
import holdfast.machine.api.MemoryDevice;
import holdfast.machine.api.MemoryRegion;
import holdfast.machine.config.MachineType;
import holdfast.machine.config.MemoryLayout;
import holdfast.machine.core.internal.Listeners;
import holdfast.machine.core.internal.Warnings;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** A listener that hangs holds up a change for a limit, and nothing after that. */
@Timeout(60)
class HangingListenerTest {
  private static final Duration LIMIT = Duration.ofSeconds(1);

  private final FakeRegion ram = FakeRegion.withoutBytes("ram", new ByteSize(8192), 1);
  private final FakeRegion a = FakeRegion.withoutBytes("ma", new ByteSize(4096), 4096);
  private final FakeRegion b = FakeRegion.withoutBytes("mb", new ByteSize(4096), 4096);
  private final Warnings hanging = new Warnings(Listeners.class);
  private final Warnings mapped = new Warnings(FlatGuestMemory.class);
  private final CountDownLatch release = new CountDownLatch(1);
  private final List<String> told = new CopyOnWriteArrayList<>();
  private final List<String> closed = new CopyOnWriteArrayList<>();
  private final Set<Thread> threads = ConcurrentHashMap.newKeySet();
  private FlatGuestMemory memory;

  /** In what a listener hangs. */
  enum Call {
    DEVICE_ADDED,
    DEVICE_REMOVED,
    REGION_CHANGED
  }

  @BeforeEach
  void machine() throws Exception {
    memory =
        new FlatGuestMemory(
            MemoryLayout.of(MachineType.PC, new ByteSize(8192), 4L, ByteSize.gib(1)),
            ram,
            FakeRegion::neverLost,
            LIMIT);
  }

  @AfterEach
  void nothingIsLeft() throws Exception {
    memory.removeAll();
    release.countDown();
    hanging.close();
    mapped.close();
    for (Thread thread : threads) {
      assertTrue(thread.join(Duration.ofSeconds(30)), "a thread is left: " + thread);
    }
  }

  /** Hangs in one kind of call that is about the device or region a. */
  private final class Hanging implements GuestMemoryListener {
    private final Call in;

    Hanging(Call in) {
      this.in = in;
    }

    @Override
    public void deviceAdded(MemoryDevice device) {
      call(Call.DEVICE_ADDED, "+" + device.id(), device.id().equals("a"));
    }

    @Override
    public void deviceRemoved(MemoryDevice device) {
      call(Call.DEVICE_REMOVED, "-" + device.id(), device.id().equals("a"));
    }

    @Override
    public void regionChanged(MemoryRegion region) {
      call(Call.REGION_CHANGED, "~" + region.id(), region == a);
    }

    private void call(Call call, String what, boolean isA) {
      threads.add(Thread.currentThread());
      if (call == in && isA) {
        try {
          assertTrue(release.await(30, TimeUnit.SECONDS));
        } catch (InterruptedException e) {
          throw new IllegalStateException(e);
        }
      }
      told.add(what);
    }
  }

  private static long millis(Runnable work) {
    long began = System.nanoTime();
    work.run();
    return Duration.ofNanos(System.nanoTime() - began).toMillis();
  }

  private void plugBoth() throws PlugException {
    memory.plug(DeviceRequest.of(DeviceKind.PC_DIMM, "a", a));
    memory.plug(DeviceRequest.of(DeviceKind.PC_DIMM, "b", b));
  }

  private void end() {
    memory.removeAll();
    for (FakeRegion region : List.of(b, a, ram)) {
      memory.whenGivenUp(region, () -> closed.add(region.id().value()));
    }
  }

  @ParameterizedTest
  @EnumSource(Call.class)
  @DisplayName("the end waits for two hanging listeners once, and closes what they can't be using")
  void theEndIsNotHeldUp(Call call) throws Exception {
    memory.addListener(new Hanging(call));
    memory.addListener(new Hanging(call));
    plugBoth();
    memory.regionChanged(a);
    long took = millis(this::end);

    assertTrue(took < 2 * LIMIT.toMillis(), took + " ms");
    assertEquals(List.of(), memory.devices());
    // The calls about b and ram come after the one that hangs, except of removals.
    assertEquals(call == Call.DEVICE_REMOVED ? List.of("mb") : List.of(), closed);
    assertEquals(2, hanging.lines().size(), hanging.lines()::toString);
    for (String warning : hanging.lines()) {
      assertTrue(warning.contains(Hanging.class.getName()), warning);
      String change =
          switch (call) {
            case DEVICE_ADDED -> "deviceAdded(pc-dimm 'a'";
            case DEVICE_REMOVED -> "deviceRemoved(pc-dimm 'a'";
            case REGION_CHANGED -> "regionChanged(ma)";
          };
      assertTrue(warning.contains(change), warning);
    }
    String stays = mapped.lines().getFirst();
    assertTrue(stays.contains("stays mapped") && stays.contains(Hanging.class.getName()), stays);

    release.countDown();
    for (Thread thread : threads) {
      assertTrue(thread.join(Duration.ofSeconds(30)), "a thread is left: " + thread);
    }
    assertEquals(Set.of("mb", "ma", "ram"), Set.copyOf(closed));
    assertEquals(3, closed.size());
    assertEquals(2, told.stream().filter("-ram:below-4g"::equals).count());
  }

  @Test
  @DisplayName("a listener that throws from every call holds up nothing")
  void throwing() throws Exception {
    memory.addListener(
        new GuestMemoryListener() {
          @Override
          public void deviceAdded(MemoryDevice device) {
            throw new IllegalStateException("on purpose");
          }

          @Override
          public void deviceRemoved(MemoryDevice device) {
            throw new LinkageError("on purpose");
          }

          @Override
          public void regionChanged(MemoryRegion region) {
            throw new InternalError("on purpose");
          }
        });
    plugBoth();
    memory.regionChanged(a);
    end();
    assertEquals(List.of("mb", "ma", "ram"), closed);
    assertEquals(7, hanging.lines().size(), hanging.lines()::toString);
    assertEquals(List.of(), mapped.lines());
  }

  private void unplug(String id) throws PlugException {
    memory.unplug(
        memory.devices().stream().filter(one -> one.id().equals(id)).findFirst().orElseThrow());
  }

  @Test
  @DisplayName("an unplugged device's memory stays until a hanging listener has given it up")
  void anUnpluggedDeviceStaysMapped() throws Exception {
    memory.addListener(new Hanging(Call.DEVICE_REMOVED));
    plugBoth();
    assertThrows(IllegalStateException.class, () -> memory.whenGivenUp(a, () -> closed.add("ma")));
    unplug("a");
    memory.whenGivenUp(a, () -> closed.add("ma"));
    assertEquals(List.of(), closed);
    assertTrue(mapped.lines().getFirst().startsWith("memory backend 'ma' stays mapped"));
    assertFalse(told.contains("-a"));

    GuestMemoryListener late = new Hanging(Call.DEVICE_REMOVED);
    memory.addListener(late);
    unplug("b");
    release.countDown();
    memory.removeAll();
    for (Thread thread : threads) {
      assertTrue(thread.join(Duration.ofSeconds(30)));
    }
    assertEquals(List.of("ma"), closed);
  }

  @Test
  @DisplayName("a task that fails after a late return is logged, and the listener is kept")
  void aTaskThatFails() throws Exception {
    memory.addListener(new Hanging(Call.DEVICE_REMOVED));
    plugBoth();
    unplug("a");
    memory.whenGivenUp(
        a,
        () -> {
          closed.add("ma");
          throw new IllegalStateException("on purpose");
        });
    release.countDown();
    unplug("b");
    memory.removeAll();
    for (Thread thread : threads) {
      assertTrue(thread.join(Duration.ofSeconds(30)));
    }
    assertEquals(List.of("ma"), closed);
    assertTrue(mapped.lines().getLast().contains("could not be closed"), mapped.lines()::toString);
    assertTrue(told.contains("-ram:below-4g"));
  }

  @Test
  @DisplayName("a listener may wait for another thread that changes the memory: both go on")
  void waitingForAnotherThread() throws Exception {
    memory.addListener(
        new GuestMemoryListener() {
          @Override
          public void deviceAdded(MemoryDevice device) {
            threads.add(Thread.currentThread());
            if (device.id().equals("a")) {
              try {
                assertTrue(
                    Thread.ofPlatform()
                        .start(() -> memory.regionChanged(ram))
                        .join(Duration.ofSeconds(30)));
              } catch (InterruptedException e) {
                throw new IllegalStateException(e);
              }
            }
          }

          @Override
          public void deviceRemoved(MemoryDevice device) {}

          @Override
          public void regionChanged(MemoryRegion region) {
            told.add("~" + region.id());
          }
        });
    plugBoth();
    end();
    for (Thread thread : threads) {
      assertTrue(thread.join(Duration.ofSeconds(30)));
    }
    assertEquals(List.of("~ram"), told);
    assertEquals(Set.of("mb", "ma", "ram"), Set.copyOf(closed));
  }
}
