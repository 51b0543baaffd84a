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
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.RepeatedTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What listeners are told, when, and in which order. */
@Timeout(60)
class ListenerOrderTest {
  private static final long RAM = 8192;

  private final FakeRegion ram = FakeRegion.withoutBytes("ram", new ByteSize(RAM), 1);
  private FlatGuestMemory memory;

  @BeforeEach
  void machine() throws Exception {
    MemoryLayout machine =
        MemoryLayout.of(MachineType.PC, new ByteSize(RAM), 256L, ByteSize.gib(1));
    memory = new FlatGuestMemory(machine, ram, FakeRegion::neverLost);
  }

  /** Keeps what it was told, as {@code +id}, {@code -id} and {@code ~region}. */
  private static class Recorder implements GuestMemoryListener {
    final List<String> told = new CopyOnWriteArrayList<>();

    @Override
    public void deviceAdded(MemoryDevice device) {
      told.add("+" + device.id());
    }

    @Override
    public void deviceRemoved(MemoryDevice device) {
      told.add("-" + device.id());
    }

    @Override
    public void regionChanged(MemoryRegion region) {
      told.add("~" + region.id());
    }
  }

  @Test
  void aLateListenerIsFirstToldOfWhatIsThere() throws Exception {
    MemoryDevice gone = plug("a");
    plug("b");
    memory.unplug(gone);
    Recorder late = new Recorder();
    memory.addListener(late);
    assertEquals(List.of("+ram:below-4g", "+b"), late.told);
    plug("c");
    memory.regionChanged(ram);
    memory.removeAll();
    assertEquals(
        List.of("+ram:below-4g", "+b", "+c", "~ram", "-b", "-c", "-ram:below-4g"), late.told);
  }

  @Test
  void theMachineEndsWithTheHighestAddress() throws Exception {
    plug("a");
    plug("b");
    Recorder listener = new Recorder();
    memory.addListener(listener);
    listener.told.clear();
    memory.removeAll();
    assertEquals(List.of("-b", "-a", "-ram:below-4g"), listener.told);
  }

  @Test
  void aListenerHearsNothingAfterItsRemoval() throws Exception {
    Recorder listener = new Recorder();
    memory.addListener(listener);
    memory.removeListener(listener);
    memory.removeListener(listener);
    plug("a");
    assertEquals(List.of("+ram:below-4g"), listener.told);
  }

  @Test
  void aListenerIsAddedOnce() {
    Recorder listener = new Recorder();
    memory.addListener(listener);
    assertThrows(IllegalArgumentException.class, () -> memory.addListener(listener));
  }

  @Test
  void aRegionWithoutDeviceIsNotTold() {
    Recorder listener = new Recorder();
    memory.addListener(listener);
    memory.regionChanged(region("other"));
    assertEquals(List.of("+ram:below-4g"), listener.told);
  }

  @Test
  void aRegionUnderTwoDevicesIsToldOnce() throws Exception {
    FakeRegion big = FakeRegion.withoutBytes("big", ByteSize.gib(4), 1);
    FlatGuestMemory split =
        new FlatGuestMemory(
            MemoryLayout.of(MachineType.PC, ByteSize.gib(4), null, null),
            big,
            FakeRegion::neverLost);
    Recorder listener = new Recorder();
    split.addListener(listener);
    split.regionChanged(big);
    assertEquals(List.of("+ram:below-4g", "+ram:above-4g", "~big"), listener.told);
  }

  @Test
  void anAddedDeviceIsFoundAndARemovedOneIsNot() throws Exception {
    List<Boolean> found = new CopyOnWriteArrayList<>();
    memory.addListener(
        new Recorder() {
          @Override
          public void deviceAdded(MemoryDevice device) {
            found.add(memory.find(device.address()).isPresent());
          }

          @Override
          public void deviceRemoved(MemoryDevice device) {
            found.add(memory.find(device.address()).isPresent());
          }
        });
    memory.unplug(plug("a"));
    assertEquals(List.of(true, true, false), found);
  }

  @Test
  void aListenerThatThrowsDoesNotHarmTheOthers() throws Exception {
    memory.addListener(
        new Recorder() {
          @Override
          public void deviceAdded(MemoryDevice device) {
            throw new IllegalStateException("on purpose: a listener that fails");
          }
        });
    Recorder good = new Recorder();
    memory.addListener(good);
    plug("a");
    assertEquals(List.of("+ram:below-4g", "+a"), good.told);
  }

  /** A change made by a listener is told to all after the change that caused it. */
  @Test
  void aChangeFromWithinAListenerComesAfterTheOneBeingTold() throws Exception {
    Recorder first =
        new Recorder() {
          @Override
          public void deviceAdded(MemoryDevice device) {
            super.deviceAdded(device);
            if (device.id().equals("a")) {
              memory.regionChanged(device.region());
              plugUnchecked("b");
            }
          }
        };
    Recorder second = new Recorder();
    memory.addListener(first);
    memory.addListener(second);
    plug("a");
    List<String> expected = List.of("+ram:below-4g", "+a", "~ma", "+b");
    assertEquals(expected, first.told);
    assertEquals(expected, second.told);
  }

  @Test
  void aListenerAddedFromWithinAListenerMissesNothing() throws Exception {
    Recorder inner = new Recorder();
    Recorder outer =
        new Recorder() {
          @Override
          public void deviceAdded(MemoryDevice device) {
            if (device.id().equals("a")) {
              plugUnchecked("b");
              memory.addListener(inner);
              plugUnchecked("c");
            }
          }
        };
    memory.addListener(outer);
    plug("a");
    assertEquals(List.of("+ram:below-4g", "+a", "+b", "+c"), inner.told);
  }

  @Test
  void aListenerCanRemoveItselfAndOthers() throws Exception {
    Recorder victim = new Recorder();
    Recorder remover =
        new Recorder() {
          @Override
          public void deviceAdded(MemoryDevice device) {
            super.deviceAdded(device);
            if (device.id().equals("a")) {
              memory.removeListener(this);
              memory.removeListener(victim);
            }
          }
        };
    memory.addListener(remover);
    memory.addListener(victim);
    plug("a");
    plug("b");
    assertEquals(List.of("+ram:below-4g", "+a"), remover.told);
    assertFalse(victim.told.contains("+b"), victim.told::toString);
  }

  /**
   * Listeners come while two threads plug, unplug and announce. Each hears first what is there, and
   * then the changes from that moment on, which are the end of what the first listener hears.
   */
  @RepeatedTest(10)
  void listenersAddedDuringChangesMissNothingAndHearNothingTwice() throws Exception {
    CyclicBarrier start = new CyclicBarrier(3);
    List<Watcher> watchers = Collections.synchronizedList(new ArrayList<>());
    Watcher first = new Watcher();
    memory.addListener(first);
    try (ExecutorService threads = Executors.newFixedThreadPool(3)) {
      List<Future<?>> work = new ArrayList<>();
      for (String name : List.of("x", "y")) {
        work.add(
            threads.submit(
                () -> {
                  start.await(10, TimeUnit.SECONDS);
                  for (int i = 0; i < 60; i++) {
                    MemoryDevice device = plug(name + i);
                    memory.regionChanged(device.region());
                    if (i % 3 != 0) {
                      memory.unplug(device);
                    }
                  }
                  return null;
                }));
      }
      work.add(
          threads.submit(
              () -> {
                start.await(10, TimeUnit.SECONDS);
                for (int i = 0; i < 30; i++) {
                  Watcher watcher = new Watcher();
                  watchers.add(watcher);
                  memory.addListener(watcher);
                }
                return null;
              }));
      for (Future<?> task : work) {
        task.get(30, TimeUnit.SECONDS);
      }
    }
    Set<String> present = new HashSet<>();
    memory.devices().forEach(device -> present.add(device.id()));
    assertEquals(41, present.size());
    for (Watcher watcher : watchers) {
      assertEquals(List.of(), watcher.faults);
      assertEquals(present, watcher.held);
      assertTrue(agree(first.told, watcher.told), () -> first.told + "\n" + watcher.told);
    }
  }

  /** Whether the second list is what the first leads to at some moment, and then its rest. */
  private static boolean agree(List<String> all, List<String> late) {
    Set<String> held = new HashSet<>();
    for (int at = 0; at <= all.size(); at++) {
      int initial = late.size() - (all.size() - at);
      if (initial >= 0
          && initial == held.size()
          && late.subList(initial, late.size()).equals(all.subList(at, all.size()))
          && late.subList(0, initial).stream().allMatch(change -> held.contains(change))) {
        return true;
      }
      if (at < all.size() && all.get(at).startsWith("+")) {
        held.add(all.get(at));
      } else if (at < all.size() && all.get(at).startsWith("-")) {
        held.remove("+" + all.get(at).substring(1));
      }
    }
    return false;
  }

  /** Follows the memory by what it is told alone. */
  private static final class Watcher extends Recorder {
    final Set<String> held = new HashSet<>();
    final List<String> faults = new ArrayList<>();

    @Override
    public void deviceAdded(MemoryDevice device) {
      super.deviceAdded(device);
      if (!held.add(device.id())) {
        faults.add("added twice: " + device.id());
      }
    }

    @Override
    public void deviceRemoved(MemoryDevice device) {
      super.deviceRemoved(device);
      if (!held.remove(device.id())) {
        faults.add("removed but never added: " + device.id());
      }
    }

    @Override
    public void regionChanged(MemoryRegion region) {
      super.regionChanged(region);
      if (!held.contains(region.id().value().substring(1))) {
        faults.add("a region of no device: " + region.id());
      }
    }
  }

  private MemoryDevice plug(String id) throws PlugException {
    return memory.plug(DeviceRequest.of(DeviceKind.PC_DIMM, id, region("m" + id)));
  }

  private void plugUnchecked(String id) {
    try {
      plug(id);
    } catch (PlugException e) {
      throw new IllegalStateException(e);
    }
  }

  private static FakeRegion region(String id) {
    return FakeRegion.withoutBytes(id, new ByteSize(4096), 4096);
  }
}
