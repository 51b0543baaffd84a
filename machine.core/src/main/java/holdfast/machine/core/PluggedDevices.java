package holdfast.machine.core;

import holdfast.machine.api.MemoryDevice;
import holdfast.machine.api.RegionState;
import holdfast.machine.config.DeviceSpec;
import holdfast.machine.core.internal.guest.DeviceRequest;
import holdfast.machine.core.internal.guest.PlugException;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;

/** The plugged devices of a machine in the order in which they were plugged. Thread-safe. */
final class PluggedDevices {
  private final List<Plugged> all = new CopyOnWriteArrayList<>();

  private record Plugged(DeviceSpec asked, MemoryDevice device) {
    /** Returns a request for this very place. */
    DeviceSpec here() {
      return new DeviceSpec(
          asked.driver(),
          asked.id(),
          asked.name(),
          asked.memdev(),
          device.address(),
          device.slot(),
          asked.node(),
          asked.labelSize(),
          asked.unarmed(),
          asked.uuid());
    }
  }

  /** Gives a device its place. */
  interface Place {
    MemoryDevice take(DeviceRequest request) throws PlugException;
  }

  /**
   * Plugs a device on the region of its memory backend.
   *
   * @param place plugs it, or will with others
   * @throws MachineException if the region has failed
   * @throws PlugException if there is no place for it
   */
  MemoryDevice plug(Place place, DeviceSpec device, Region region)
      throws MachineException, PlugException {
    if (region.state() == RegionState.FAILED) {
      throw new MachineException(
          "device '"
              + device.name()
              + "' is not plugged: memory backend '"
              + region.id()
              + "' has failed: "
              + region.status().note());
    }
    MemoryDevice added = place.take(DeviceRequest.of(device, region));
    all.add(new Plugged(device, added));
    return added;
  }

  /** Removes a device. */
  void remove(MemoryDevice device) {
    all.removeIf(one -> one.device().equals(device));
  }

  /** Returns the devices. */
  List<MemoryDevice> list() {
    return all.stream().map(Plugged::device).toList();
  }

  /** Returns what has to be asked for to get the same devices at the same places. */
  List<DeviceSpec> specs() {
    return all.stream().map(Plugged::here).toList();
  }
}
