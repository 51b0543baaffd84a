package holdfast.machine.acpi;

import holdfast.machine.api.DeviceKind;
import holdfast.machine.api.GuestMemory;
import holdfast.machine.api.GuestMemoryListener;
import holdfast.machine.api.MemoryDevice;
import holdfast.machine.api.MemoryRegion;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;

/**
 * The tables of a machine whose devices come and go. Add it to the machine's memory by {@link
 * GuestMemory#addListener}; when that returns, {@link #tables} has every device that is present.
 *
 * <p>Thread-safe; nothing blocks. What is read is one moment's whole: never half of one and half of
 * another.
 */
public final class LiveNvdimmTables implements GuestMemoryListener {
  private final AtomicReference<State> state;
  private final Consumer<NvdimmNotification> notifications;

  /**
   * What is true at one moment.
   *
   * @param tables the tables
   * @param seen whether a guest may know them, or what they were before
   * @param begun the tables whose FIT a guest has begun to read last
   */
  private record State(NvdimmTables tables, boolean seen, Optional<NvdimmTables> begun) {

    State with(List<MemoryDevice> devices) {
      NvdimmTables changed = tables.with(devices);
      // Who reads the FIT need not start again if it is still the same.
      boolean goesOn = begun.isPresent() && begun.get() == tables && changed.hasSameFit(tables);
      return new State(changed, seen, goesOn ? Optional.of(changed) : begun);
    }

    State whichIsSeen() {
      return seen ? this : new State(tables, true, begun);
    }

    State whichIsBegun() {
      return new State(tables, true, Optional.of(tables));
    }
  }

  /**
   * Makes the tables of a machine without devices.
   *
   * @param notifications gets what the guest is to be told, in the thread in which the listener is
   *     called; it must not block. Nothing is told before {@link #tables} or {@link #readFit} was
   *     called: nobody knows anything yet that could have changed
   */
  public LiveNvdimmTables(NvdimmPlatform platform, Consumer<NvdimmNotification> notifications) {
    this.notifications = notifications;
    this.state =
        new AtomicReference<>(
            new State(NvdimmTables.of(platform, List.of()), false, Optional.empty()));
  }

  /** Returns the tables of the devices that are present, for a guest that starts. */
  public NvdimmTables tables() {
    return state.updateAndGet(State::whichIsSeen).tables();
  }

  /**
   * Reads a piece of the present FIT: the answer to function 1 of the handle 0x10000, which the
   * SSDT's {@code _FIT} calls with 0, then with what it has so far, until a piece is empty. If the
   * devices change meanwhile it is told to start again.
   *
   * @param offset the first byte, whatever the guest gives
   */
  public FitChunk readFit(long offset) {
    State now = offset == 0 ? state.updateAndGet(State::whichIsBegun) : state.get();
    return now.begun().isPresent() && now.begun().get() == now.tables()
        ? FitChunk.of(now.tables().fit(), offset)
        : FitChunk.changed();
  }

  /**
   * {@inheritDoc} Tells the root device, if the device is an NVDIMM.
   *
   * @throws IllegalArgumentException if it is in a slot that the platform doesn't have
   */
  @Override
  public void deviceAdded(MemoryDevice device) {
    change(
        devices -> {
          devices.remove(device);
          devices.add(device);
        });
  }

  /** {@inheritDoc} Tells the root device, if the device is an NVDIMM. */
  @Override
  public void deviceRemoved(MemoryDevice device) {
    change(devices -> devices.remove(device));
  }

  /**
   * {@inheritDoc} Tells the NVDIMMs on the region that their health may be another one; and the
   * root device, if the FIT says something else now.
   */
  @Override
  public void regionChanged(MemoryRegion region) {
    State now = change(devices -> {});
    if (now.seen()) {
      now.tables().devices().stream()
          .filter(
              device ->
                  device.driver() == DeviceKind.NVDIMM && device.region().id().equals(region.id()))
          .forEach(device -> notifications.accept(NvdimmNotification.ofHealth(device)));
    }
  }

  private State change(Consumer<List<MemoryDevice>> what) {
    State before;
    State after;
    do {
      before = state.get();
      after = changed(before, what);
    } while (!state.compareAndSet(before, after));
    if (before.seen() && !after.tables().hasSameFit(before.tables())) {
      notifications.accept(NvdimmNotification.ofFit());
    }
    return after;
  }

  private static State changed(State old, Consumer<List<MemoryDevice>> what) {
    List<MemoryDevice> devices = new ArrayList<>(old.tables().devices());
    what.accept(devices);
    return old.with(devices);
  }
}
