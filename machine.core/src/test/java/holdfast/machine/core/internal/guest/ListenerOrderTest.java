package holdfast.machine.core.internal.guest;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import holdfast.backend.api.ByteSize;
import holdfast.machine.api.GuestMemoryListener;
import holdfast.machine.api.MemoryDevice;
import holdfast.machine.api.MemoryDriver;
import holdfast.machine.api.MemoryRegion;
import holdfast.machine.config.MachineType;
import holdfast.machine.config.MemoryLayout;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
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
    final List<String> told = new ArrayList<>();

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
    memory.remove(gone);
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
    List<Boolean> found = new ArrayList<>();
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
    memory.remove(plug("a"));
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
    assertEquals(List.of("+ram:below-4g"), victim.told);
  }

  /**
   * Listeners come while two threads plug, remove and announce. Each hears one run of the same
   * changes: what it holds after each call agrees with what it was told, no device is added twice
   * or removed before it was added, and at the end it holds what the memory holds.
   */
  @RepeatedTest(20)
  void listenersAddedDuringChangesMissNothingAndHearNothingTwice() throws Exception {
    CyclicBarrier start = new CyclicBarrier(3);
    List<Watcher> watchers = Collections.synchronizedList(new ArrayList<>());
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
                      memory.remove(device);
                    }
                  }
                  return null;
                }));
      }
      work.add(
          threads.submit(
              () -> {
                start.await(10, TimeUnit.SECONDS);
                for (int i = 0; i < 60; i++) {
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
    List<String> all = watchers.getFirst().told;
    for (Watcher watcher : watchers) {
      assertEquals(List.of(), watcher.faults);
      assertEquals(present, watcher.held);
      // After its first calls, which say what is there, it hears the end of what the first hears.
      int common = watcher.told.size() - watcher.initial;
      assertEquals(
          all.subList(all.size() - common, all.size()),
          watcher.told.subList(watcher.initial, watcher.told.size()));
    }
  }

  /** Follows the memory by what it is told alone. */
  private final class Watcher extends Recorder {
    final Set<String> held = new HashSet<>();
    final List<String> faults = new ArrayList<>();
    int initial;
    private boolean changed;

    @Override
    public void deviceAdded(MemoryDevice device) {
      super.deviceAdded(device);
      if (!held.add(device.id())) {
        faults.add("added twice: " + device.id());
      }
      check();
    }

    @Override
    public void deviceRemoved(MemoryDevice device) {
      super.deviceRemoved(device);
      if (!held.remove(device.id())) {
        faults.add("removed but never added: " + device.id());
      }
      check();
    }

    @Override
    public void regionChanged(MemoryRegion region) {
      super.regionChanged(region);
      if (!held.contains(region.id().value().substring(1))) {
        faults.add("a region of no device: " + region.id());
      }
    }

    /** Counts the calls up to the first one after which it holds what there is. */
    private void check() {
      if (!changed && held.size() == memory.devices().size()) {
        changed = true;
        initial = told.size();
      }
    }
  }

  @Test
  void removalWaitsForACallUnderWay() throws Exception {
    CyclicBarrier inside = new CyclicBarrier(2);
    CompletableFuture<Thread> waiter = new CompletableFuture<>();
    List<String> order = Collections.synchronizedList(new ArrayList<>());
    Recorder slow =
        new Recorder() {
          @Override
          public void regionChanged(MemoryRegion region) {
            try {
              inside.await(10, TimeUnit.SECONDS);
              Thread remover = waiter.get(10, TimeUnit.SECONDS);
              while (remover.getState() != Thread.State.BLOCKED) {
                Thread.onSpinWait();
              }
            } catch (Exception e) {
              throw new IllegalStateException(e);
            }
            order.add("told");
          }
        };
    memory.addListener(slow);
    try (ExecutorService threads = Executors.newFixedThreadPool(2)) {
      Future<?> change = threads.submit(() -> memory.regionChanged(ram));
      Future<?> removal =
          threads.submit(
              () -> {
                inside.await(10, TimeUnit.SECONDS);
                waiter.complete(Thread.currentThread());
                memory.removeListener(slow);
                order.add("removed");
                return null;
              });
      change.get(30, TimeUnit.SECONDS);
      removal.get(30, TimeUnit.SECONDS);
    }
    assertEquals(List.of("told", "removed"), order);
  }

  private MemoryDevice plug(String id) throws PlugException {
    return memory.plug(DeviceRequest.of(MemoryDriver.PC_DIMM, id, region("m" + id)));
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
