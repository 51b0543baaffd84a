package holdfast.machine.core.internal.guest;

import holdfast.machine.api.DeviceKind;
import holdfast.machine.api.GuestAddress;
import holdfast.machine.api.GuestMemoryListener;
import holdfast.machine.api.MemoryDevice;
import holdfast.machine.api.MemoryRegion;
import holdfast.machine.config.AddressLayout.RamPiece;
import holdfast.machine.config.MemoryLayout;
import holdfast.machine.config.MemoryLayoutException;
import holdfast.machine.config.MemoryLayoutException.Problem;
import holdfast.machine.core.internal.Dispatch;
import holdfast.machine.core.internal.Listeners;
import holdfast.machine.core.internal.Listeners.Change;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The guest memory of a machine: base RAM, and the devices plugged into the range for them.
 *
 * <p>Changes are made one at a time under {@link #change}, and dispatched to the listeners before
 * the lock is released, so that these get them in order. Whoever made the change then waits for the
 * listeners without the lock.
 */
public final class FlatGuestMemory extends GuestAccess {
  private static final Logger LOG = LoggerFactory.getLogger(FlatGuestMemory.class);

  private final Object change = new Object();
  private final DevicePlacer placer;
  private final Listeners<GuestMemoryListener> listeners;

  /** The removals of devices that a listener may still be using. Guarded by {@link #change}. */
  private final List<Removal> removals = new ArrayList<>();

  /** Whether the machine has ended, and takes no more devices. Guarded by {@link #change}. */
  private boolean ended;

  /** Whether the machine is up, so that what is plugged comes as a surprise to its guest. */
  private volatile boolean up;

  private record Removal(MemoryRegion region, Dispatch dispatch) {}

  /**
   * Creates the memory of {@code machine} with its base RAM and no other device.
   *
   * @param ram the bytes of the base RAM
   * @param lost decides which memory is at fault for a failed access, in the thread of the access
   * @throws MemoryLayoutException if {@code ram} has another size than the machine's RAM
   */
  public FlatGuestMemory(MemoryLayout machine, MemoryRegion ram, LostPages lost)
      throws MemoryLayoutException {
    this(machine, ram, lost, Listeners.LIMIT);
  }

  /**
   * @param limit how long a change waits for all listeners together
   */
  FlatGuestMemory(MemoryLayout machine, MemoryRegion ram, LostPages lost, Duration limit)
      throws MemoryLayoutException {
    this(new DevicePlacer(machine), baseRam(machine, ram), lost, limit);
  }

  FlatGuestMemory(DevicePlacer placer, GuestMap map, LostPages lost) {
    this(placer, map, lost, Listeners.LIMIT);
  }

  private FlatGuestMemory(DevicePlacer placer, GuestMap map, LostPages lost, Duration limit) {
    super(map, lost);
    this.placer = placer;
    this.listeners = new Listeners<>("the guest memory", limit);
  }

  private static GuestMap baseRam(MemoryLayout machine, MemoryRegion ram)
      throws MemoryLayoutException {
    if (!ram.size().equals(machine.ram())) {
      throw new MemoryLayoutException(
          Problem.RAM_BACKEND_SIZE,
          "memory backend '"
              + ram.id()
              + "' has size="
              + ram.size()
              + ", but the machine's RAM is "
              + machine.ram()
              + "; give the machine and the backend the same size");
    }
    GuestMap map = GuestMap.EMPTY;
    long offset = 0;
    for (RamPiece piece : machine.addresses().ram()) {
      GuestAddress address = piece.range().first();
      map = map.with(GuestDevice.ram(piece.id(), ram, offset, piece.size(), address));
      offset += piece.size().bytes();
    }
    return map;
  }

  /** Begins to place the devices that the machine starts with. */
  public FirstDevices firstDevices() {
    return new FirstDevices(placer, map.devices());
  }

  /**
   * Plugs the devices that the machine starts with, all at once, and records that the machine is
   * up.
   *
   * @param first what {@link #firstDevices} returned, with nothing plugged since
   */
  public void comeUp(FirstDevices first) {
    List<Dispatch> dispatches;
    synchronized (change) {
      map = GuestMap.of(first.all());
      up = true;
      dispatches =
          first.placed().stream().map(device -> listeners.dispatch(added(device))).toList();
    }
    dispatches.forEach(Dispatch::await);
  }

  /**
   * Plugs a device. Its region belongs to this memory until the device is removed.
   *
   * @throws PlugException if there is no place for it; nothing changed
   */
  public MemoryDevice plug(DeviceRequest request) throws PlugException {
    GuestDevice device;
    Dispatch dispatch;
    synchronized (change) {
      if (ended) {
        throw request.refused(
            Refusal.MACHINE_ENDED, "the machine is ending; plug the device into another one");
      }
      GuestDevice placed = placer.place(request, map.devices());
      device = up ? placed.whileUp() : placed;
      map = map.with(device);
      dispatch = listeners.dispatch(added(device));
    }
    dispatch.await();
    return device;
  }

  private static Change<GuestMemoryListener> added(MemoryDevice device) {
    return new Change<>("deviceAdded(" + device + ")", l -> l.deviceAdded(device));
  }

  /**
   * Removes a plugged device from the running guest. An access that is under way may throw an
   * IllegalStateException once the memory is unmapped, which {@link #whenGivenUp} says; every later
   * access to its addresses throws an {@link holdfast.machine.api.UnmappedAddressException}. The
   * guest is not asked: who unplugs has made sure that it has let go of the device.
   *
   * @throws PlugException if it isn't plugged here, or is base RAM; nothing changed
   */
  public void unplug(MemoryDevice plugged) throws PlugException {
    Dispatch dispatch;
    synchronized (change) {
      GuestDevice device = find(plugged);
      if (device.driver() == DeviceKind.RAM) {
        throw new PlugException(
            Refusal.NOT_UNPLUGGABLE,
            device
                + " on memory backend '"
                + device.region().id()
                + "' can't be unplugged, since the guest can't be without its base RAM; end the"
                + " machine, or swap the backend under it");
      }
      map = map.without(device);
      dispatch = removed(device);
    }
    dispatch.await();
  }

  @SuppressWarnings("ReferenceEquality") // another one may have its id
  private GuestDevice find(MemoryDevice plugged) throws PlugException {
    return map.devices().stream()
        .filter(device -> device == plugged)
        .findFirst()
        .orElseThrow(
            () ->
                new PlugException(
                    Refusal.NO_SUCH_DEVICE,
                    "device '"
                        + plugged.id()
                        + "' is not plugged; there are "
                        + String.join(", ", map.devices().stream().map(GuestDevice::id).toList())));
  }

  /** Dispatches that a device was taken off the map; the caller has the lock. */
  private Dispatch removed(GuestDevice device) {
    Dispatch dispatch =
        listeners.dispatch("deviceRemoved(" + device + ")", l -> l.deviceRemoved(device));
    removals.removeIf(removal -> removal.dispatch().isDone());
    removals.add(new Removal(device.region(), dispatch));
    return dispatch;
  }

  /**
   * Removes every device, highest address first, because the machine ends: no device can be plugged
   * any more. Waits until the listeners have given all of them up, up to the limit for one change.
   */
  public void removeAll() {
    List<Dispatch> dispatches;
    synchronized (change) {
      ended = true;
      List<GuestDevice> devices = map.devices();
      map = GuestMap.EMPTY;
      dispatches = devices.reversed().stream().map(this::removed).toList();
      listeners.close();
    }
    // Each listener returns from the last one last.
    dispatches.stream().skip(Math.max(0, dispatches.size() - 1L)).forEach(Dispatch::await);
  }

  /**
   * Runs a task that ends the memory of {@code region} when no listener can be using a removed
   * device of it any more: at once and in this thread if that is so already, else in the thread of
   * the last listener that returns, which can be never. A warning then names the listeners.
   *
   * @throws IllegalStateException if a device of the region is plugged
   */
  public void whenGivenUp(MemoryRegion region, Runnable task) {
    List<Dispatch> pending;
    synchronized (change) {
      if (map.devices().stream().anyMatch(device -> device.region() == region)) {
        throw new IllegalStateException(
            "a device on memory backend '" + region.id() + "' is in use");
      }
      pending =
          removals.stream()
              .filter(removal -> removal.region() == region)
              .map(Removal::dispatch)
              .filter(dispatch -> !dispatch.isDone())
              .toList();
    }
    if (pending.isEmpty()) {
      task.run();
      return;
    }
    LOG.warn(
        "memory backend '{}' stays mapped until these listeners have given it up: {}",
        region.id(),
        pending.stream().flatMap(dispatch -> dispatch.pending().stream()).distinct().toList());
    CompletableFuture<?> all =
        CompletableFuture.allOf(
            pending.stream().map(Dispatch::done).toArray(CompletableFuture<?>[]::new));
    all.thenRun(task)
        .whenComplete(
            (done, e) -> {
              if (e != null) {
                LOG.warn("memory backend '{}' could not be closed", region.id(), e);
              }
            });
  }

  /**
   * Reports to the listeners that state, flags or durability of {@code region} changed, if a device
   * is on it. Must be called without any lock that the region's getters need.
   */
  public void regionChanged(MemoryRegion region) {
    Dispatch dispatch;
    synchronized (change) {
      if (map.devices().stream().noneMatch(device -> device.region() == region)) {
        return;
      }
      dispatch =
          listeners.dispatch("regionChanged(" + region.id() + ")", l -> l.regionChanged(region));
    }
    dispatch.await();
  }

  @Override
  public void addListener(GuestMemoryListener listener) {
    Dispatch dispatch;
    synchronized (change) {
      Stream<GuestDevice> present = map.devices().stream();
      dispatch = listeners.add(listener, present.map(FlatGuestMemory::added).toList());
    }
    dispatch.await();
  }

  @Override
  public void removeListener(GuestMemoryListener listener) {
    listeners.remove(listener);
  }
}
