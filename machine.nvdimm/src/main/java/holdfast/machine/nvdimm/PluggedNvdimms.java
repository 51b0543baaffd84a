package holdfast.machine.nvdimm;

import holdfast.machine.api.DeviceKind;
import holdfast.machine.api.GuestMemoryListener;
import holdfast.machine.api.MemoryDevice;
import holdfast.machine.api.MemoryRegion;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;

/** The NVDIMMs that are plugged now, by slot. Thread-safe. */
final class PluggedNvdimms implements GuestMemoryListener {
  private final Map<Integer, Nvdimm> bySlot = new ConcurrentHashMap<>();
  private final LabelStores stores;

  /** An NVDIMM, and its label area if it has one. */
  record Nvdimm(MemoryDevice device, Optional<LabelArea> label) {}

  PluggedNvdimms(LabelStores stores) {
    this.stores = stores;
  }

  /** Returns the NVDIMM in {@code slot}, if there is one. */
  Optional<Nvdimm> find(int slot) {
    return Optional.ofNullable(bySlot.get(slot));
  }

  /** Forgets all of them. */
  void clear() {
    bySlot.clear();
  }

  @Override
  public void deviceAdded(MemoryDevice device) {
    if (device.driver() == DeviceKind.NVDIMM) {
      bySlot.put(device.slot(), new Nvdimm(device, LabelArea.of(device, stores)));
    }
  }

  /** Who has found it before still reaches its memory, by accesses that end where that does. */
  @Override
  public void deviceRemoved(MemoryDevice device) {
    bySlot.computeIfPresent(
        device.slot(), (slot, present) -> present.device().equals(device) ? null : present);
  }

  @Override
  public void regionChanged(MemoryRegion region) {}
}
