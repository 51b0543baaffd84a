package holdfast.machine.core.internal.guest;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.management.ThreadMXBean;
import holdfast.backend.api.ByteSize;
import holdfast.machine.api.GuestAddress;
import holdfast.machine.api.MemoryDevice;
import holdfast.machine.api.UnmappedAddressException;
import java.lang.management.ManagementFactory;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * Finding devices by address, up to the last one, without garbage. The devices are a [0x0, 0xfff],
 * b [0x3000, 0x3fff], c next to it and z [2^64-4096, 2^64-1].
 */
class GuestMapTest {
  private final GuestMap map =
      GuestMap.EMPTY
          .with(device("z", -4096))
          .with(device("b", 0x3000))
          .with(device("a", 0))
          .with(device("c", 0x4000));

  @Test
  void isSorted() {
    assertEquals(List.of("a", "b", "c", "z"), map.devices().stream().map(GuestDevice::id).toList());
    assertEquals(
        List.of("a", "c", "z"),
        map.without(map.devices().get(1)).devices().stream().map(GuestDevice::id).toList());
  }

  @ParameterizedTest
  @CsvSource(
      nullValues = "-",
      value = {
        "0, a",
        "0xfff, a",
        "0x1000, -",
        "0x2fff, -",
        "0x3000, b",
        "0x3fff, b",
        "0x4000, c",
        "0x4fff, c",
        "0x5000, -",
        "0x7fffffffffffffff, -",
        "-0x8000000000000000, -",
        "-4097, -",
        "-4096, z",
        "-1, z",
      })
  void finds(String address, String id) {
    Optional<MemoryDevice> found = map.find(new GuestAddress(Long.decode(address)));
    assertEquals(Optional.ofNullable(id), found.map(MemoryDevice::id));
  }

  @Test
  void anEmptyMapFindsNothing() {
    assertEquals(Optional.empty(), GuestMap.EMPTY.find(GuestAddress.ZERO));
    assertEquals(Optional.empty(), GuestMap.EMPTY.find(GuestAddress.MAX));
    UnmappedAddressException e =
        assertThrows(
            UnmappedAddressException.class, () -> visit(GuestMap.EMPTY, GuestAddress.ZERO, 1));
    assertEquals(Optional.empty(), e.nearest());
  }

  @ParameterizedTest
  @CsvSource({
    "0, 4096, 'a 0 0 4096'",
    "0x3ff8, 16, 'b 4088 0 8, c 0 8 8'",
    "0x3000, 8192, 'b 0 0 4096, c 0 4096 4096'",
    "-8, 8, 'z 4088 0 8'",
    "-1, 1, 'z 4095 0 1'",
    "0x1000, 0, ''",
    "0xfff, 0, ''",
  })
  void visitsTheParts(String address, long length, String parts) {
    assertEquals(parts, visit(map, new GuestAddress(Long.decode(address)), length));
  }

  @ParameterizedTest
  @CsvSource({
    // address, length, first address without memory, nearest device
    "0x1000, 1, 0x1000, a",
    "0xff8, 9, 0x1000, a",
    "0xff8, 0x3000, 0x1000, a",
    "0x2fff, 1, 0x2fff, b",
    "0x1fff, 1, 0x1fff, a",
    "0x2000, 1, 0x2000, b",
    "0x3000, 8193, 0x5000, c",
    "-4097, 1, 0xffffffffffffefff, z",
    "-0x7fffffffffffe000, 1, 0x8000000000002000, z",
    "-0x7fffffffffffe001, 1, 0x8000000000001fff, c",
    "0x7fffffffffffffff, 1, 0x7fffffffffffffff, c",
    "0, 0x7fffffffffffffff, 0x1000, a",
  })
  void refusesARangeWithAHole(String address, String length, String unmapped, String nearest) {
    UnmappedAddressException e =
        assertThrows(
            UnmappedAddressException.class,
            () -> visit(map, new GuestAddress(Long.decode(address)), Long.decode(length)));
    assertEquals(unmapped, e.unmapped().orElseThrow().toString());
    assertEquals(nearest, e.nearest().orElseThrow().id());
  }

  /** Behind the last address is nothing, although there is memory at address 0. */
  @ParameterizedTest
  @CsvSource({"-1, 2", "-4096, 4097", "-4096, 0x7fffffffffffffff"})
  void refusesARangeThatWouldWrap(String address, String length) {
    UnmappedAddressException e =
        assertThrows(
            UnmappedAddressException.class,
            () -> visit(map, new GuestAddress(Long.decode(address)), Long.decode(length)));
    assertEquals(Optional.empty(), e.unmapped());
  }

  @Test
  void aDeviceOfHalfTheAddressSpaceIsFound() {
    ByteSize half = new ByteSize(Long.MAX_VALUE);
    FakeRegion region = FakeRegion.withoutBytes("m", half, 1);
    GuestMap big =
        GuestMap.EMPTY.with(GuestDevice.ram("big", region, 0, half, new GuestAddress(2)));
    assertEquals("big 0 0 9223372036854775807", visit(big, new GuestAddress(2), Long.MAX_VALUE));
    assertTrue(big.find(new GuestAddress(1)).isEmpty());
    assertTrue(big.find(new GuestAddress(Long.MIN_VALUE)).isPresent());
    assertTrue(big.find(new GuestAddress(Long.MIN_VALUE + 1)).isEmpty());
  }

  @Test
  void findingMakesNoGarbage() {
    GuestMap full = GuestMap.EMPTY;
    List<GuestAddress> addresses = new ArrayList<>();
    for (int i = 0; i < 257; i++) {
      full = full.with(device("d" + i, i * 0x2000L));
      addresses.add(new GuestAddress(i * 0x2000L + 0xfff));
      addresses.add(new GuestAddress(i * 0x2000L + 0x1000));
    }
    ThreadMXBean thread = (ThreadMXBean) ManagementFactory.getThreadMXBean();
    int found = 0;
    long before = thread.getCurrentThreadAllocatedBytes();
    for (int round = 0; round < 100; round++) {
      for (int i = 0; i < addresses.size(); i++) {
        found += full.find(addresses.get(i)).isPresent() ? 1 : 0;
      }
    }
    long bytes = thread.getCurrentThreadAllocatedBytes() - before;
    assertEquals(25_700, found);
    assertTrue(bytes < 4096, () -> bytes + " bytes for 51400 look-ups");
  }

  @Test
  void theSameDeviceIsFoundEachTime() {
    GuestAddress address = new GuestAddress(0x3000);
    assertSame(map.find(address), map.find(address.plus(1)));
  }

  /** Each part as its device, offset in it, bytes before it and length. */
  private static String visit(GuestMap map, GuestAddress address, long length) {
    List<String> parts = new ArrayList<>();
    map.visit(
        address,
        length,
        (device, offset, done, part) ->
            parts.add(device.id() + " " + offset + " " + done + " " + part));
    return String.join(", ", parts);
  }

  private static GuestDevice device(String id, long address) {
    FakeRegion region = FakeRegion.withoutBytes("m", new ByteSize(4096), 1);
    return GuestDevice.ram(id, region, 0, region.size(), new GuestAddress(address));
  }
}
