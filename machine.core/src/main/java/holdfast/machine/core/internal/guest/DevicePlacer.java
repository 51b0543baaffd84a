package holdfast.machine.core.internal.guest;

import holdfast.backend.api.ByteSize;
import holdfast.machine.api.DeviceKind;
import holdfast.machine.api.GuestAddress;
import holdfast.machine.api.GuestRange;
import holdfast.machine.api.MemoryRegion;
import holdfast.machine.config.MemoryLayout;
import java.util.BitSet;
import java.util.List;
import java.util.Optional;

/**
 * The rules by which a device gets a slot and a guest address, or is refused. The rules and the
 * order of the checks are QEMU's. Holds no devices itself.
 */
final class DevicePlacer {
  private final MemoryLayout machine;

  DevicePlacer(MemoryLayout machine) {
    this.machine = machine;
  }

  /**
   * Returns the device that {@code request} asks for, with its slot and address.
   *
   * @param plugged every device of the machine, in the order of their addresses
   */
  GuestDevice place(DeviceRequest request, List<GuestDevice> plugged) throws PlugException {
    checkId(request, plugged);
    request.checkProperties();
    checkEnabled(request);
    MemoryRegion memdev = request.requireMemdev();
    int slot = chooseSlot(request, plugged);
    GuestRange deviceRange = deviceRange(request);
    DeviceGeometry geometry = DeviceGeometry.of(request);
    checkSpace(request, geometry, plugged);
    geometry.checkWhole(request);
    GuestAddress address =
        request.addr().equals(GuestAddress.ZERO)
            ? firstGap(request, geometry, deviceRange, plugged)
            : checkedAddress(request, geometry, deviceRange, plugged);
    checkNode(request);
    checkIdle(request, memdev, plugged);
    return GuestDevice.plugged(request, memdev, geometry, address, slot, machine.persistence());
  }

  private static void checkId(DeviceRequest request, List<GuestDevice> plugged)
      throws PlugException {
    for (GuestDevice device : plugged) {
      if (device.id().equals(request.id())) {
        throw request.refused(
            Refusal.DUPLICATE_ID, "the id is that of " + device + "; give another one");
      }
    }
  }

  private void checkEnabled(DeviceRequest request) throws PlugException {
    if (request.driver() == DeviceKind.NVDIMM && !machine.nvdimm()) {
      throw request.refused(Refusal.NVDIMM_OFF, "the machine takes no nvdimm; give it nvdimm=on");
    }
  }

  private int chooseSlot(DeviceRequest request, List<GuestDevice> plugged) throws PlugException {
    int wish = request.slot();
    boolean any = wish == DeviceRequest.ANY_SLOT;
    if (machine.slots() == 0) {
      throw request.refused(
          any ? Refusal.NO_SLOTS : Refusal.NO_SUCH_SLOT,
          "the machine has no slots for memory devices; give it slots= and maxmem=");
    }
    if (!any && (wish < 0 || wish >= machine.slots())) {
      throw request.refused(
          Refusal.NO_SUCH_SLOT,
          "slot="
              + wish
              + " asked for, but the machine has the slots 0 to "
              + (machine.slots() - 1)
              + "; ask for one of these, or leave slot out");
    }
    BitSet taken = new BitSet();
    for (GuestDevice device : plugged) {
      if (device.slot() == wish && !any) {
        throw request.refused(
            Refusal.SLOT_TAKEN,
            "slot="
                + wish
                + " asked for, but it holds "
                + device
                + "; ask for another one, or leave"
                + " slot out");
      }
      if (device.slot() >= 0) {
        taken.set(device.slot());
      }
    }
    int slot = any ? taken.nextClearBit(0) : wish;
    if (slot >= machine.slots()) {
      throw request.refused(
          Refusal.SLOTS_FULL,
          "all "
              + machine.slots()
              + " slots of the machine are taken; unplug a device, or start the machine with more of them");
    }
    return slot;
  }

  private GuestRange deviceRange(DeviceRequest request) throws PlugException {
    Optional<GuestRange> deviceRange = machine.deviceMemory();
    if (deviceRange.isEmpty()) {
      throw request.refused(
          Refusal.NO_DEVICE_MEMORY,
          "the machine's "
              + machine.ram()
              + " of RAM are all the memory it can have; give it a maxmem= above that, as"
              + " much as RAM and all devices may have together");
    }
    return deviceRange.get();
  }

  private void checkSpace(DeviceRequest request, DeviceGeometry geometry, List<GuestDevice> plugged)
      throws PlugException {
    long used = 0;
    for (GuestDevice device : plugged) {
      if (device.driver() != DeviceKind.RAM) {
        used += device.size().bytes();
      }
    }
    long space = machine.deviceSpace().bytes();
    if (geometry.guest().bytes() > space - used) {
      throw request.refused(
          Refusal.NOT_ENOUGH_SPACE,
          "the device needs "
              + geometry.guest()
              + ", but of the "
              + machine.deviceSpace()
              + " that maxmem leaves for devices, "
              + new ByteSize(used)
              + " are in use; give the machine a greater maxmem=");
    }
  }

  private static GuestAddress checkedAddress(
      DeviceRequest request,
      DeviceGeometry geometry,
      GuestRange deviceRange,
      List<GuestDevice> plugged)
      throws PlugException {
    GuestAddress wish = request.addr();
    if (!wish.isAligned(geometry.align())) {
      throw request.refused(
          Refusal.ADDRESS_NOT_ALIGNED,
          "addr="
              + wish
              + " asked for, but the backend's alignment is "
              + geometry.align()
              + "; ask for a multiple of that, or leave addr out");
    }
    if (!deviceRange.contains(wish)
        || deviceRange.last().offsetFrom(wish) < geometry.guest().bytes() - 1) {
      throw request.refused(
          Refusal.ADDRESS_OUTSIDE,
          "addr="
              + wish
              + " asked for "
              + geometry.guest()
              + ", but memory devices stand in "
              + deviceRange
              + "; ask for an address there, or leave addr out");
    }
    GuestRange range = GuestRange.of(wish, geometry.guest());
    for (GuestDevice device : plugged) {
      if (device.range().overlaps(range)) {
        throw request.refused(
            Refusal.ADDRESS_TAKEN,
            "addr="
                + wish
                + " asked for, but "
                + device
                + " is in the way; ask for another address, or leave addr out");
      }
    }
    return wish;
  }

  private static GuestAddress firstGap(
      DeviceRequest request,
      DeviceGeometry geometry,
      GuestRange deviceRange,
      List<GuestDevice> plugged)
      throws PlugException {
    long size = geometry.guest().bytes();
    // An address layout ends below 2^56, so signed arithmetic is enough.
    long end = deviceRange.last().value() + 1;
    long candidate = geometry.align().roundUp(deviceRange.first().value());
    for (GuestDevice device : plugged) {
      if (!deviceRange.contains(device.range())) {
        continue;
      }
      if (device.address().value() - candidate >= size) {
        break;
      }
      long behind = device.range().last().value() + 1;
      candidate = Math.max(candidate, geometry.align().roundUp(behind));
    }
    if (end - candidate < size) {
      throw request.refused(
          Refusal.NO_GAP,
          "no gap of "
              + geometry.guest()
              + " at a multiple of "
              + geometry.align()
              + " is left between the devices in "
              + deviceRange
              + "; plug the devices with the greatest alignment first, or give them addresses with"
              + " addr=");
    }
    return new GuestAddress(candidate);
  }

  private void checkNode(DeviceRequest request) throws PlugException {
    if (request.node() >= machine.nodes()) {
      throw request.refused(
          Refusal.NO_SUCH_NODE,
          "node="
              + request.node()
              + " asked for, but the guest has "
              + (machine.nodes() == 1
                  ? "node 0 alone; leave node out, or give the machine more"
                  : "the nodes 0 to " + (machine.nodes() - 1) + "; ask for one of these")
              + (machine.nodes() == 1 ? " with -numa node" : ""));
    }
  }

  private static void checkIdle(
      DeviceRequest request, MemoryRegion memdev, List<GuestDevice> plugged) throws PlugException {
    String id = memdev.id().value();
    for (GuestDevice device : plugged) {
      if (device.region().id().value().equals(id)) {
        throw request.refused(
            Refusal.BACKEND_BUSY,
            device
                + " is on this backend already, and no two devices can share one; give each its own"
                + " memory backend");
      }
    }
  }
}
