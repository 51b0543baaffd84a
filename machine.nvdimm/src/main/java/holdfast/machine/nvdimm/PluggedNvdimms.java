package holdfast.machine.nvdimm;

import holdfast.machine.api.DeviceKind;
import holdfast.machine.api.GuestMemory;
import holdfast.machine.api.GuestMemoryListener;
import holdfast.machine.api.MemoryDevice;
import holdfast.machine.api.MemoryRegion;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/**
 * The NVDIMMs that are plugged now, by slot. Thread-safe.
 *
 * <p>A guest can know of an NVDIMM before this listener does, since another listener, in another
 * thread, told it. So who finds nothing looks into the memory itself. Only the listener forgets.
 */
final class PluggedNvdimms implements GuestMemoryListener {
  private final Map<Integer, Nvdimm> bySlot = new ConcurrentHashMap<>();
  private final GuestMemory memory;
  private final LabelStores stores;
  private volatile boolean closed;

  /** An NVDIMM, and its label area if it has one. */
  record Nvdimm(MemoryDevice device, Optional<LabelArea> label) {}

  PluggedNvdimms(GuestMemory memory, LabelStores stores) {
    this.memory = memory;
    this.stores = stores;
  }

  /** Returns the NVDIMM in {@code slot}, if there is one. */
  Optional<Nvdimm> find(int slot) {
    Nvdimm known = bySlot.get(slot);
    if (known == null && present(slot).isPresent()) {
      // Looked up once more while the map holds the slot: a device that is removed after that is
      // forgotten after it was put there.
      known = bySlot.computeIfAbsent(slot, same -> present(slot).map(this::known).orElse(null));
    }
    if (known != null && closed) {
      known.label().ifPresent(LabelArea::end);
      return Optional.empty();
    }
    return Optional.ofNullable(known);
  }

  private Optional<MemoryDevice> present(int slot) {
    if (slot < 0 || closed) {
      return Optional.empty();
    }
    return memory.devices().stream()
        .filter(device -> device.slot() == slot && device.driver() == DeviceKind.NVDIMM)
        .findFirst();
  }

  private Nvdimm known(MemoryDevice device) {
    return new Nvdimm(device, LabelArea.of(device, stores));
  }

  /** Forgets all of them, for good. */
  void close() {
    closed = true;
    bySlot.keySet().forEach(this::update);
  }

  @Override
  public void deviceAdded(MemoryDevice device) {
    if (device.driver() == DeviceKind.NVDIMM) {
      update(device.slot());
    }
  }

  /** When this returns nobody stores into its label any more, also who has found it before. */
  @Override
  public void deviceRemoved(MemoryDevice device) {
    if (device.driver() == DeviceKind.NVDIMM) {
      update(device.slot());
    }
  }

  /** Makes known what is in a slot now, and waits until nobody uses what was there before. */
  private void update(int slot) {
    AtomicReference<@Nullable Nvdimm> gone = new AtomicReference<>();
    bySlot.compute(
        slot,
        (same, known) -> {
          Optional<MemoryDevice> device = present(slot);
          if (known != null && device.equals(Optional.of(known.device()))) {
            return known;
          }
          gone.set(known);
          return device.map(this::known).orElse(null);
        });
    Optional.ofNullable(gone.get()).flatMap(Nvdimm::label).ifPresent(LabelArea::endAndWait);
  }

  @Override
  public void regionChanged(MemoryRegion region) {}
}
