package holdfast.machine.core.internal.guest;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import holdfast.backend.api.ByteSize;
import holdfast.backend.api.Granularity;
import holdfast.backend.api.RamFlag;
import holdfast.machine.api.DeviceKind;
import holdfast.machine.api.GuestAddress;
import holdfast.machine.api.MemoryDevice;
import holdfast.machine.api.ReadOnlyDeviceException;
import holdfast.machine.api.SplitRangeException;
import holdfast.machine.api.UnmappedAddressException;
import holdfast.machine.config.MachineType;
import holdfast.machine.config.MemoryLayout;
import holdfast.machine.config.MemoryLayoutException;
import holdfast.machine.config.MemoryLayoutException.Problem;
import holdfast.machine.config.options.OnOffAuto;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

/**
 * Access to a machine's memory within and across its devices: 8 KiB of RAM at 0; from 4 GiB on,
 * next to each other and of 4 KiB each, the nvdimm a, the pc-dimm b and the read-only nvdimm r. All
 * of it is in the Java heap.
 */
class FlatGuestMemoryTest {
  private static final ValueLayout.OfByte BYTE = ValueLayout.JAVA_BYTE;
  private static final long A = 0x1_0000_0000L;
  private static final long B = A + 4096;
  private static final long R = B + 4096;

  private final FakeRegion ram = FakeRegion.ofHeap("ram", 8192).with(Granularity.NONE);
  private final FakeRegion a = FakeRegion.ofHeap("ma", 4096).with(Granularity.CACHE_LINE);
  private final FakeRegion b = FakeRegion.ofHeap("mb", 4096);
  private final FakeRegion r = FakeRegion.ofHeap("mr", 4096).with(RamFlag.RAM_READONLY);
  private FlatGuestMemory memory;

  @BeforeEach
  void machine() throws Exception {
    MemoryLayout machine =
        MemoryLayout.of(MachineType.PC, new ByteSize(8192), 4L, ByteSize.mib(1)).withNvdimm(true);
    memory = new FlatGuestMemory(machine, ram, FakeRegion::neverLost);
    memory.plug(DeviceRequest.of(DeviceKind.NVDIMM, "a", a));
    memory.plug(DeviceRequest.of(DeviceKind.PC_DIMM, "b", b));
    memory.plug(DeviceRequest.of(DeviceKind.NVDIMM, "r", r).withUnarmed(OnOffAuto.ON));
  }

  @Test
  void theDevicesAreSorted() {
    assertEquals(
        List.of("ram:below-4g", "a", "b", "r"),
        memory.devices().stream().map(MemoryDevice::id).toList());
    assertEquals(List.of(-1, 0, 1, 2), memory.devices().stream().map(MemoryDevice::slot).toList());
  }

  @Test
  void writesReachTheRegionAndReadsComeFromIt() {
    memory.write(at(A + 1), bytes(1, 2, 3));
    assertEquals(2, a.segment().get(BYTE, 2));
    assertArrayEquals(new byte[] {0, 1, 2, 3, 0}, read(A, 5));
  }

  @Test
  void accessesCrossFromOneDeviceIntoTheNext() {
    memory.write(at(B - 2), bytes(1, 2, 3, 4));
    assertArrayEquals(new byte[] {1, 2}, a.segment().asSlice(4094).toArray(BYTE));
    assertArrayEquals(new byte[] {3, 4}, b.segment().asSlice(0, 2).toArray(BYTE));
    assertArrayEquals(new byte[] {1, 2, 3, 4}, read(B - 2, 4));
    assertEquals(0x0403_0201, memory.getInt(at(B - 2), ByteOrder.LITTLE_ENDIAN));
    assertEquals(0x0102_0304, memory.getInt(at(B - 2), ByteOrder.BIG_ENDIAN));
  }

  @Test
  void valuesHaveTheOrderAskedForWithinADeviceAndAcrossABorder() {
    for (long address : new long[] {A, A + 3, B - 1, B - 3}) {
      memory.setLong(at(address), 0x0102_0304_0506_0708L, ByteOrder.BIG_ENDIAN);
      assertArrayEquals(new byte[] {1, 2, 3, 4, 5, 6, 7, 8}, read(address, 8));
      assertEquals(0x0807_0605_0403_0201L, memory.getLong(at(address), ByteOrder.LITTLE_ENDIAN));
      memory.setInt(at(address), 0xf1f2_f3f4, ByteOrder.LITTLE_ENDIAN);
      assertArrayEquals(
          new byte[] {(byte) 0xf4, (byte) 0xf3, (byte) 0xf2, (byte) 0xf1}, read(address, 4));
      assertEquals(0xf4f3_f2f1, memory.getInt(at(address), ByteOrder.BIG_ENDIAN));
      memory.setShort(at(address), (short) 0x8001, ByteOrder.BIG_ENDIAN);
      assertEquals((short) 0x8001, memory.getShort(at(address), ByteOrder.BIG_ENDIAN));
      assertEquals((short) 0x0180, memory.getShort(at(address), ByteOrder.LITTLE_ENDIAN));
      memory.setByte(at(address), (byte) -5);
      assertEquals(-5, memory.getByte(at(address)));
    }
  }

  @Test
  void aWriteWithAHoleLeavesEverythingAsItWas() {
    memory.write(at(8190), bytes(7, 8));
    assertThrows(UnmappedAddressException.class, () -> memory.write(at(8190), bytes(1, 2, 3)));
    assertArrayEquals(new byte[] {7, 8}, read(8190, 2));
    assertThrows(
        UnmappedAddressException.class,
        () -> memory.setLong(at(8188), -1, ByteOrder.LITTLE_ENDIAN));
    assertArrayEquals(new byte[] {7, 8}, read(8190, 2));
  }

  @Test
  void aReadWithAHoleLeavesItsTargetAsItWas() {
    memory.write(at(8190), bytes(7, 8));
    byte[] target = new byte[3];
    assertThrows(
        UnmappedAddressException.class, () -> memory.read(at(8190), MemorySegment.ofArray(target)));
    assertArrayEquals(new byte[3], target);
  }

  @Test
  void aWriteThatMeetsAReadOnlyDeviceWritesNowhere() {
    ReadOnlyDeviceException e =
        assertThrows(ReadOnlyDeviceException.class, () -> memory.write(at(R - 2), bytes(1, 2, 3)));
    assertEquals("r", e.device().id());
    assertArrayEquals(new byte[3], read(R - 2, 3));
    assertThrows(ReadOnlyDeviceException.class, () -> memory.setByte(at(R), (byte) 1));
    assertThrows(
        ReadOnlyDeviceException.class, () -> memory.setInt(at(R - 2), 1, ByteOrder.LITTLE_ENDIAN));
    assertArrayEquals(new byte[3], read(R - 2, 3));
    assertEquals(0, memory.getByte(at(R)));
  }

  /** Unarmed is what the guest is told; whether stores are taken is the backend's affair. */
  @Test
  void anUnarmedDeviceOnAWritableBackendTakesStores() throws Exception {
    FakeRegion region = FakeRegion.ofHeap("mu", 4096);
    MemoryDevice device =
        memory.plug(DeviceRequest.of(DeviceKind.NVDIMM, "u", region).withUnarmed(OnOffAuto.ON));
    memory.setByte(device.address(), (byte) 9);
    assertEquals(9, memory.getByte(device.address()));
  }

  @Test
  void aRangeOfNoBytesIsGoodAnywhere() throws Exception {
    memory.read(at(1L << 40), bytes());
    memory.write(at(R), bytes());
    assertEquals(Granularity.BYTE, memory.persist(at(1L << 40), ByteSize.ZERO));
  }

  @Test
  void aSegmentIsAPieceOfOneDevice() {
    MemorySegment piece = memory.segment(at(A + 16), new ByteSize(32));
    assertEquals(32, piece.byteSize());
    piece.set(BYTE, 0, (byte) 5);
    assertEquals(5, memory.getByte(at(A + 16)));
    assertEquals(4096, memory.segment(at(A), new ByteSize(4096)).byteSize());
    assertEquals(0, memory.segment(at(A + 4095), ByteSize.ZERO).byteSize());
    assertTrue(memory.segment(at(R), new ByteSize(1)).isReadOnly());
  }

  @Test
  void aSegmentDoesNotCrossABorder() {
    SplitRangeException e =
        assertThrows(SplitRangeException.class, () -> memory.segment(at(B - 4), new ByteSize(8)));
    assertEquals("a", e.device().id());
    assertEquals(new ByteSize(4), e.available());
    assertThrows(UnmappedAddressException.class, () -> memory.segment(at(8190), new ByteSize(8)));
    assertThrows(UnmappedAddressException.class, () -> memory.segment(at(8192), ByteSize.ZERO));
  }

  @Test
  void persistReachesEveryRegionAndTellsTheWeakest() throws Exception {
    assertEquals(Granularity.CACHE_LINE, memory.persist(at(A), new ByteSize(64)));
    assertEquals(Granularity.PAGE, memory.persist(at(B - 10), new ByteSize(30)));
    assertEquals(List.of("0+64", "4086+10"), a.persisted);
    assertEquals(List.of("0+20"), b.persisted);
    assertEquals(Granularity.NONE, memory.persist(at(8), new ByteSize(8)));
    assertThrows(UnmappedAddressException.class, () -> memory.persist(at(8190), new ByteSize(3)));
    assertEquals(List.of("8+8"), ram.persisted);
  }

  @Test
  @DisplayName("an unplugged device is gone: its addresses have no memory, its backend can be used")
  void anUnpluggedDeviceIsGone() throws Exception {
    MemoryDevice device = memory.find(at(B)).orElseThrow();
    memory.unplug(device);
    assertTrue(memory.find(at(B)).isEmpty());
    assertThrows(UnmappedAddressException.class, () -> memory.getByte(at(B)));
    assertEquals(
        "device 'b' is not plugged; there are ram:below-4g, a, r",
        refused(Refusal.NO_SUCH_DEVICE, device));
    assertEquals(3, memory.devices().size());
    assertEquals(at(B), memory.plug(DeviceRequest.of(DeviceKind.NVDIMM, "b", b)).address());
    assertEquals(
        "device 'b' is not plugged; there are ram:below-4g, a, b, r",
        refused(Refusal.NO_SUCH_DEVICE, device),
        "another one of that id is not it");
    memory.removeAll();
    assertEquals(List.of(), memory.devices());
  }

  @Test
  @DisplayName("base RAM is not unplugged")
  void baseRamIsNotUnplugged() {
    assertEquals(
        "ram 'ram:below-4g' at [0x0, 0x1fff] on memory backend 'ram' can't be unplugged, since the"
            + " guest can't be without its base RAM; end the machine, or swap the backend under it",
        refused(Refusal.NOT_UNPLUGGABLE, memory.find(at(0)).orElseThrow()));
    assertEquals(4, memory.devices().size());
  }

  private String refused(Refusal refusal, MemoryDevice device) {
    PlugException e = assertThrows(PlugException.class, () -> memory.unplug(device));
    assertEquals(refusal, e.refusal());
    return e.getMessage();
  }

  @Test
  @DisplayName("a machine that has ended takes no device")
  void theEndTakesNoDevice() {
    memory.removeAll();
    PlugException e =
        assertThrows(
            PlugException.class,
            () ->
                memory.plug(
                    DeviceRequest.of(DeviceKind.PC_DIMM, "c", FakeRegion.ofHeap("mc", 4096))));
    assertEquals(Refusal.MACHINE_ENDED, e.refusal());
    assertEquals(List.of(), memory.devices());
  }

  @Test
  void aRefusedPlugChangesNothing() {
    List<MemoryDevice> before = memory.devices();
    assertThrows(
        PlugException.class, () -> memory.plug(DeviceRequest.of(DeviceKind.PC_DIMM, "c", b)));
    assertSame(before, memory.devices());
  }

  @Test
  void splitRamIsOneRegionAtTwoAddresses() throws Exception {
    FakeRegion big = FakeRegion.withoutBytes("ram", ByteSize.gib(4), 1 << 21);
    FlatGuestMemory split =
        new FlatGuestMemory(
            MemoryLayout.of(MachineType.Q35, ByteSize.gib(4), null, null),
            big,
            FakeRegion::neverLost);
    assertEquals(
        "[ram 'ram:below-4g' at [0x0, 0x7fffffff], ram 'ram:above-4g' at [0x100000000,"
            + " 0x17fffffff]]",
        split.devices().toString());
    MemoryDevice above = split.find(at(A)).orElseThrow();
    assertSame(big, above.region());
    assertEquals(big.segment().address() + (2L << 30), above.segment().address());
    split.persist(at(A + 16), new ByteSize(8));
    assertEquals(List.of(((2L << 30) + 16) + "+8"), big.persisted);
  }

  @Test
  void refusesABackendThatIsNotTheSizeOfTheRam() throws Exception {
    MemoryLayout machine = MemoryLayout.of(MachineType.PC, ByteSize.mib(1), null, null);
    MemoryLayoutException e =
        assertThrows(
            MemoryLayoutException.class,
            () -> new FlatGuestMemory(machine, ram, FakeRegion::neverLost));
    assertEquals(Problem.RAM_BACKEND_SIZE, e.problem());
    assertEquals(
        "memory backend 'ram' has size=8K, but the machine's RAM is 1M; give the machine and the backend the"
            + " same size",
        e.getMessage());
  }

  private byte[] read(long address, int length) {
    byte[] target = new byte[length];
    memory.read(at(address), MemorySegment.ofArray(target));
    return target;
  }

  private static GuestAddress at(long address) {
    return new GuestAddress(address);
  }

  private static MemorySegment bytes(int... values) {
    byte[] bytes = new byte[values.length];
    for (int i = 0; i < values.length; i++) {
      bytes[i] = (byte) values[i];
    }
    return MemorySegment.ofArray(bytes);
  }
}
