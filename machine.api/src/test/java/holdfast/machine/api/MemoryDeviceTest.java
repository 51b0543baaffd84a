package holdfast.machine.api;

import static org.junit.jupiter.api.Assertions.assertEquals;

import holdfast.backend.api.ByteSize;
import org.junit.jupiter.api.Test;

/** What every device says of itself follows from its address, its size and its label. */
class MemoryDeviceTest {
  private final MemoryRegion region = FakeRegion.of("m1", 4096);

  @Test
  void theRangeIsTheGuestPart() {
    MemoryDevice device = new FakeDevice("nv1", region, new GuestAddress(0x1000), 96);
    assertEquals("[0x1000, 0x1f9f]", device.range().toString());
  }

  @Test
  void theLabelSizeIsThatOfTheLabelArea() {
    assertEquals(
        new ByteSize(96), new FakeDevice("nv1", region, GuestAddress.ZERO, 96).labelSize());
    assertEquals(ByteSize.ZERO, new FakeDevice("nv1", region, GuestAddress.ZERO, 0).labelSize());
  }
}
