package holdfast.machine.admin;

import holdfast.backend.api.ByteSize;
import holdfast.machine.api.DeviceKind;
import holdfast.machine.api.GuestAddress;
import holdfast.machine.api.MemoryDevice;

/**
 * A memory device at one moment.
 *
 * @param id its id; one that no operator can give, such as {@code nvdimm[0]}, if none was given
 * @param driver the kind of device
 * @param memdev the id of the memory backend that holds its bytes
 * @param address the guest address of its first byte
 * @param size how many bytes the guest sees there
 * @param labelSize the size of its label area; 0 if it has none
 * @param slot its slot, from 0; -1 for base RAM
 * @param node its NUMA node
 * @param unarmed whether the guest is told that its stores won't persist
 * @param readOnly whether it can't be stored into
 * @param hotplugged whether it was plugged while the machine was up
 */
public record DeviceStatus(
    String id,
    DeviceKind driver,
    String memdev,
    GuestAddress address,
    ByteSize size,
    ByteSize labelSize,
    int slot,
    int node,
    boolean unarmed,
    boolean readOnly,
    boolean hotplugged) {

  /** Returns the status of a device. */
  public static DeviceStatus of(MemoryDevice device) {
    return new DeviceStatus(
        device.id(),
        device.driver(),
        device.region().id().value(),
        device.address(),
        device.size(),
        device.labelSize(),
        device.slot(),
        device.node(),
        device.unarmed(),
        device.readOnly(),
        device.hotplugged());
  }
}
