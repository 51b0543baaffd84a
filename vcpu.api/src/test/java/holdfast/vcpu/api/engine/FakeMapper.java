package holdfast.vcpu.api.engine;

import holdfast.machine.api.MemoryDevice;
import holdfast.vcpu.api.NoSlotLeftException;
import holdfast.vcpu.api.VcpuException;
import java.util.ArrayList;
import java.util.List;

/** An engine's memory that remembers its calls, and has few slots. */
final class FakeMapper implements GuestMapper {
  private final int slots;
  private final List<String> mapped = new ArrayList<>();

  FakeMapper(int slots) {
    this.slots = slots;
  }

  @Override
  public void map(MemoryDevice device) throws VcpuException {
    if (mapped.size() == slots) {
      throw new NoSlotLeftException("fake", device, slots);
    }
    mapped.add(device.id());
  }

  @Override
  public void unmap(MemoryDevice device) {
    if (!mapped.remove(device.id())) {
      throw new AssertionError(device.id() + " is not mapped");
    }
  }

  List<String> mapped() {
    return List.copyOf(mapped);
  }
}
