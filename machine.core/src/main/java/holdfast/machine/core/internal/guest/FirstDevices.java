package holdfast.machine.core.internal.guest;

import holdfast.machine.api.MemoryDevice;
import java.util.ArrayList;
import java.util.List;

/**
 * The devices that a machine starts with, which get their places one after the other and are
 * plugged together by {@link FlatGuestMemory#comeUp}: the look-up of addresses is made anew for
 * each change of the guest's memory, and for 256 devices one by one that was a fifth of a start's
 * work.
 *
 * <p>For one thread.
 */
public final class FirstDevices {
  private final DevicePlacer placer;

  /** The base RAM and the devices, in the order of their addresses. */
  private final List<GuestDevice> all;

  private final List<GuestDevice> placed = new ArrayList<>();

  FirstDevices(DevicePlacer placer, List<GuestDevice> ram) {
    this.placer = placer;
    this.all = new ArrayList<>(ram);
  }

  /**
   * Finds the place of the next device.
   *
   * @throws PlugException if there is none; nothing changed
   */
  public MemoryDevice place(DeviceRequest request) throws PlugException {
    GuestDevice device = placer.place(request, all);
    int at = all.size();
    while (at > 0 && all.get(at - 1).address().compareTo(device.address()) > 0) {
      at--;
    }
    all.add(at, device);
    placed.add(device);
    return device;
  }

  /** Returns the base RAM and the devices, in the order of their addresses. */
  List<GuestDevice> all() {
    return all;
  }

  /** Returns the devices in the order in which they were placed. */
  List<GuestDevice> placed() {
    return placed;
  }
}
