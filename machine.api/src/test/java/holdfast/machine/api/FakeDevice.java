package holdfast.machine.api;

import holdfast.backend.api.ByteSize;
import java.lang.foreign.MemorySegment;
import java.util.Optional;

/** An nvdimm on a region, with the last {@code labelBytes} as label. */
record FakeDevice(String id, MemoryRegion region, GuestAddress address, long labelBytes)
    implements MemoryDevice {

  @Override
  public DeviceKind driver() {
    return DeviceKind.NVDIMM;
  }

  @Override
  public ByteSize size() {
    return new ByteSize(region.size().bytes() - labelBytes);
  }

  @Override
  public MemorySegment segment() {
    return region.segment().asSlice(0, size().bytes());
  }

  @Override
  public Optional<MemorySegment> label() {
    return labelBytes == 0
        ? Optional.empty()
        : Optional.of(region.segment().asSlice(size().bytes()));
  }

  @Override
  public int slot() {
    return 0;
  }

  @Override
  public int node() {
    return 0;
  }

  @Override
  public boolean unarmed() {
    return false;
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
