package holdfast.machine.core.internal.guest;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.management.ThreadMXBean;
import holdfast.backend.api.ByteSize;
import holdfast.machine.api.DeviceKind;
import holdfast.machine.api.GuestAddress;
import holdfast.machine.api.MemoryDevice;
import holdfast.machine.config.MachineType;
import holdfast.machine.config.MemoryLayout;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.management.ManagementFactory;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.TreeMap;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The devices are found by the table of addresses as by a search through all of them. */
class AddressTableTest {
  private static final long GIB = 1L << 30;

  /** Devices, lowest first, with a plug and an unplug each in random order. */
  private static final class Layout {
    final List<GuestDevice> devices = new ArrayList<>();

    /** Puts a device {@code gap} bytes behind the last one, unless it has no room there. */
    void add(boolean ram, long gap, long size) {
      GuestDevice last = devices.isEmpty() ? null : devices.getLast();
      long behind = last == null ? 0 : last.range().last().value() + 1;
      long first = behind + gap;
      boolean wraps =
          last != null
              && (Long.compareUnsigned(first, last.address().value()) <= 0
                  || Long.compareUnsigned(first + (size - 1), first) < 0);
      if (!wraps) {
        devices.add(device(ram, first, size));
      }
    }

    void check(Random random) {
      GuestMap map = GuestMap.EMPTY;
      List<GuestDevice> order = new ArrayList<>(devices);
      Collections.shuffle(order, random);
      TreeMap<GuestAddress, GuestDevice> present = new TreeMap<>();
      for (GuestDevice device : order) {
        map = map.with(device);
        present.put(device.address(), device);
      }
      checkAll(map, present, random);
      for (GuestDevice device : order.subList(0, order.size() / 2)) {
        map = map.without(device);
        present.remove(device.address());
      }
      checkAll(map, present, random);
    }

    private void checkAll(GuestMap map, TreeMap<GuestAddress, GuestDevice> present, Random random) {
      for (GuestDevice device : devices) {
        long first = device.address().value();
        long last = device.range().last().value();
        long inside = first + random.nextLong(device.size().bytes());
        for (long near = -9; near <= 9; near++) {
          check(map, present, first + near);
          check(map, present, last + near);
          check(map, present, inside + near);
        }
      }
      for (int i = 0; i < 100; i++) {
        check(map, present, random.nextLong() >>> random.nextInt(64));
      }
    }

    private static void check(
        GuestMap map, TreeMap<GuestAddress, GuestDevice> present, long address) {
      var below = present.floorEntry(new GuestAddress(address));
      for (long length : new long[] {1, 2, 8, 4096, Long.MAX_VALUE}) {
        MemoryDevice expected = null;
        if (below != null) {
          long offset = address - below.getKey().value();
          long size = below.getValue().size().bytes();
          expected =
              offset >= 0 && offset < size && length <= size - offset ? below.getValue() : null;
        }
        Span found = map.holder(address, length);
        assertSame(expected, found == null ? null : found.device(), () -> "" + address);
      }
    }
  }

  private static GuestDevice device(boolean ram, long first, long size) {
    FakeRegion region = FakeRegion.withoutBytes("m", new ByteSize(size), 1);
    GuestAddress address = new GuestAddress(first);
    return ram
        ? GuestDevice.ram("ram", region, 0, region.size(), address)
        : GuestDevice.plugged(
            DeviceRequest.of(DeviceKind.PC_DIMM, "d", region),
            region,
            new DeviceGeometry(region.size(), ByteSize.ZERO, region.align()),
            address,
            0,
            Optional.empty());
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 3, 16, 255, 256})
  @DisplayName("of random devices, even and uneven, dense and sparse, the right one is found")
  void random(int count) {
    for (int seed = 0; seed < 300 / count + 20; seed++) {
      Random random = new Random(seed);
      Layout layout = new Layout();
      if (random.nextBoolean()) {
        layout.add(true, 0, 1 + random.nextLong(3 * GIB));
        if (random.nextBoolean()) {
          layout.add(true, 4 * GIB - layout.devices.getFirst().size().bytes(), GIB);
        }
      }
      long start = random.nextLong() >>> random.nextInt(64);
      int bits = 1 + random.nextInt(45);
      boolean even = random.nextBoolean();
      long size = 1 + random.nextLong(1L << bits);
      for (int i = 0; i < count; i++) {
        long gap = i == 0 ? start : random.nextInt(3) > 0 ? 0 : random.nextLong(1L << bits);
        layout.add(
            false, gap, even ? size : 1 + (random.nextLong(1L << bits) >>> random.nextInt(bits)));
      }
      layout.check(random);
    }
  }

  @Test
  @DisplayName("a device above 2^63 and one at the very end are found, beside one at 0")
  void theWholeAddressSpace() {
    Layout layout = new Layout();
    layout.add(false, 0, 4096);
    layout.add(false, Long.MAX_VALUE - 5000, 4096);
    layout.add(false, 1, 4096);
    layout.devices.add(device(false, -4096, 4096));
    layout.check(new Random(1));
  }

  @Test
  @DisplayName("devices that need no more have a table of few buckets, and none is ever large")
  void sizes() {
    assertEquals(256, buckets(256, GIB, 0));
    assertEquals(256, buckets(256, 2 << 20, 0));
    assertEquals(256, buckets(256, GIB, 15 * GIB));
    assertEquals(1, buckets(1, 1L << 42, 0));
    assertEquals(2, buckets(2, GIB, 4095 * GIB));
    assertTrue(buckets(256, 3 * GIB, 12345) <= AddressTable.MOST);
    assertTrue(buckets(200, 4096, 1L << 40) <= AddressTable.MOST);
    AddressTable shared = table(200, 4096, 0, device(false, 1L << 50, 4096));
    assertTrue(shared.buckets().length <= AddressTable.MOST);
    assertEquals(0, AddressTable.of(List.of()).buckets().length);
  }

  private static int buckets(int count, long size, long gap) {
    return table(count, size, gap).buckets().length;
  }

  private static AddressTable table(int count, long size, long gap, GuestDevice... more) {
    List<Span> spans = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      spans.add(Span.of(device(false, 5 * GIB + i * (size + gap), size)));
    }
    for (GuestDevice device : more) {
      spans.add(Span.of(device));
    }
    return AddressTable.of(spans);
  }

  @Test
  @DisplayName("accesses and persists make no garbage, across devices either")
  void noGarbage() throws Exception {
    FakeRegion ram = FakeRegion.ofHeap("ram", 8192);
    MemoryLayout machine = MemoryLayout.of(MachineType.PC, new ByteSize(8192), 4L, ByteSize.mib(1));
    FlatGuestMemory memory = new FlatGuestMemory(machine, ram, FakeRegion::neverLost);
    long base = 1L << 32;
    for (String id : List.of("a", "b")) {
      memory.plug(
          DeviceRequest.of(
              DeviceKind.PC_DIMM,
              id,
              new FakeRegion(id, Arena.ofAuto().allocate(4096, 4096), 4096).forgetful()));
    }
    GuestAddress within = new GuestAddress(base + 64);
    GuestAddress across = new GuestAddress(base + 4096 - 16);
    MemorySegment bytes = MemorySegment.ofArray(new byte[64]);
    ByteSize size = new ByteSize(64);
    ThreadMXBean thread = (ThreadMXBean) ManagementFactory.getThreadMXBean();
    int calls = 20_000;
    long least = Long.MAX_VALUE;
    for (int round = 0; round < 100 && least >= calls; round++) { // until it is compiled
      long before = thread.getCurrentThreadAllocatedBytes();
      for (int call = 0; call < calls; call++) {
        GuestAddress at = (call & 1) == 0 ? within : across;
        memory.setLong(
            within, memory.getLong(within, ByteOrder.LITTLE_ENDIAN), ByteOrder.BIG_ENDIAN);
        memory.setIntRelease(
            within, memory.getIntAcquire(within, ByteOrder.BIG_ENDIAN), ByteOrder.BIG_ENDIAN);
        memory.read(at, bytes);
        memory.write(at, bytes);
        memory.persist(at, size);
      }
      least = Math.min(least, thread.getCurrentThreadAllocatedBytes() - before);
    }
    long bytesMade = least;
    assertTrue(bytesMade < calls, () -> bytesMade + " bytes for " + calls + " rounds");
  }
}
