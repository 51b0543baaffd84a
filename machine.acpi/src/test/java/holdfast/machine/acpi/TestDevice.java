package holdfast.machine.acpi;

import holdfast.backend.api.BackendId;
import holdfast.backend.api.ByteSize;
import holdfast.machine.api.DeviceKind;
import holdfast.machine.api.GuestAddress;
import holdfast.machine.api.MemoryDevice;
import holdfast.machine.api.MemoryRegion;
import java.lang.foreign.MemorySegment;
import java.util.Optional;

/** A device anywhere, of any size. */
record TestDevice(
    String id,
    DeviceKind driver,
    MemoryRegion region,
    GuestAddress address,
    ByteSize size,
    int slot,
    int node,
    boolean unarmed)
    implements MemoryDevice {

  static TestDevice nvdimm(int slot, long address, ByteSize size) {
    return device(DeviceKind.NVDIMM, slot, address, size);
  }

  static TestDevice device(DeviceKind kind, int slot, long address, ByteSize size) {
    String id = kind.label() + slot;
    return new TestDevice(
        id,
        kind,
        new TestRegion(new BackendId("mem" + Math.max(slot, 0)), size),
        new GuestAddress(address),
        size,
        slot,
        0,
        false);
  }

  TestDevice onNode(int other) {
    return new TestDevice(id, driver, region, address, size, slot, other, unarmed);
  }

  TestDevice whichIsUnarmed() {
    return new TestDevice(id, driver, region, address, size, slot, node, true);
  }

  @Override
  public MemorySegment segment() {
    return region.segment();
  }

  @Override
  public Optional<MemorySegment> label() {
    return Optional.empty();
  }

  @Override
  public boolean readOnly() {
    return false;
  }

  @Override
  public boolean hotplugged() {
    return false;
  }
}
