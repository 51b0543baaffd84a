package holdfast.machine.core.internal.guest;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import holdfast.backend.api.ByteSize;
import holdfast.backend.api.RamFlag;
import holdfast.machine.api.GuestAddress;
import holdfast.machine.api.ReadOnlyDeviceException;
import holdfast.machine.api.UnmappedAddressException;
import holdfast.machine.config.MachineType;
import holdfast.machine.config.MemoryLayout;
import holdfast.machine.config.MemoryLayoutException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.Tuple;

/**
 * Whatever the devices and the accesses are, guest memory behaves as a map of single bytes does:
 * same values, same refusals, and a refused access changes nothing. Devices are in the Java heap.
 */
class GuestMemoryModelTest {

  /** A device of {@code size} bytes, {@code gap} bytes behind the one before. */
  record Place(int gap, int size, boolean readOnly) {}

  /** An access {@code position} bytes behind the address at which the layout begins. */
  record Access(boolean write, int position, int length, boolean scalar, boolean little, int seed) {
    byte[] bytes() {
      byte[] bytes = new byte[length];
      for (int i = 0; i < length; i++) {
        bytes[i] = (byte) (seed + 31 * i);
      }
      return bytes;
    }

    ByteOrder order() {
      return little ? ByteOrder.LITTLE_ENDIAN : ByteOrder.BIG_ENDIAN;
    }
  }

  /** The obvious implementation. */
  private static final class Model {
    final Map<Long, Byte> bytes = new HashMap<>();
    final Set<Long> readOnly = new HashSet<>();

    boolean mapped(long address, int length) {
      for (int i = 0; i < length; i++) {
        boolean wrapped = Long.compareUnsigned(address + i, address) < 0;
        if (wrapped || !bytes.containsKey(address + i)) {
          return false;
        }
      }
      return true;
    }

    boolean writable(long address, int length) {
      for (int i = 0; i < length; i++) {
        if (readOnly.contains(address + i)) {
          return false;
        }
      }
      return true;
    }

    byte[] read(long address, int length) {
      byte[] result = new byte[length];
      for (int i = 0; i < length; i++) {
        result[i] = bytes.get(address + i);
      }
      return result;
    }

    void write(long address, byte[] values) {
      for (int i = 0; i < values.length; i++) {
        bytes.put(address + i, values[i]);
      }
    }
  }

  @Property(tries = 500)
  void behavesAsAMapOfBytes(
      @ForAll("places") List<Place> places,
      @ForAll("bases") long base,
      @ForAll("accesses") List<Access> accesses) {
    Model model = new Model();
    GuestMap map = GuestMap.EMPTY;
    long next = base;
    for (Place place : places) {
      long first = next + place.gap();
      long last = first + place.size() - 1;
      if (Long.compareUnsigned(last, base) < 0) {
        break;
      }
      FakeRegion region = FakeRegion.ofHeap("m", place.size());
      if (place.readOnly()) {
        region.with(RamFlag.RAM_READONLY);
      }
      map = map.with(GuestDevice.ram("d", region, 0, region.size(), new GuestAddress(first)));
      for (long address = first; address != last + 1; address++) {
        model.bytes.put(address, (byte) 0);
        if (place.readOnly()) {
          model.readOnly.add(address);
        }
      }
      next = last + 1;
      if (next == 0) {
        break;
      }
    }
    FlatGuestMemory memory = memory(map);

    for (Access access : accesses) {
      long address = base + access.position();
      if (access.write()) {
        checkWrite(memory, model, address, access);
      } else {
        checkRead(memory, model, address, access);
      }
    }
    for (long address : model.bytes.keySet()) {
      assertEquals(model.bytes.get(address), memory.getByte(new GuestAddress(address)));
    }
  }

  private static void checkRead(FlatGuestMemory memory, Model model, long address, Access access) {
    if (!model.mapped(address, access.length())) {
      assertThrows(UnmappedAddressException.class, () -> read(memory, address, access));
    } else {
      assertArrayEquals(model.read(address, access.length()), read(memory, address, access));
    }
  }

  private static void checkWrite(FlatGuestMemory memory, Model model, long address, Access access) {
    if (!model.mapped(address, access.length())) {
      assertThrows(UnmappedAddressException.class, () -> write(memory, address, access));
    } else if (!model.writable(address, access.length())) {
      assertThrows(ReadOnlyDeviceException.class, () -> write(memory, address, access));
    } else {
      write(memory, address, access);
      model.write(address, access.bytes());
    }
  }

  private static byte[] read(FlatGuestMemory memory, long address, Access access) {
    byte[] bytes = new byte[access.length()];
    GuestAddress at = new GuestAddress(address);
    ByteBuffer buffer = ByteBuffer.wrap(bytes).order(access.order());
    switch (access.scalar() ? access.length() : 0) {
      case 1 -> buffer.put(memory.getByte(at));
      case 2 -> buffer.putShort(memory.getShort(at, access.order()));
      case 4 -> buffer.putInt(memory.getInt(at, access.order()));
      case 8 -> buffer.putLong(memory.getLong(at, access.order()));
      default -> memory.read(at, MemorySegment.ofArray(bytes));
    }
    return bytes;
  }

  private static void write(FlatGuestMemory memory, long address, Access access) {
    GuestAddress at = new GuestAddress(address);
    ByteBuffer buffer = ByteBuffer.wrap(access.bytes()).order(access.order());
    switch (access.scalar() ? access.length() : 0) {
      case 1 -> memory.setByte(at, buffer.get());
      case 2 -> memory.setShort(at, buffer.getShort(), access.order());
      case 4 -> memory.setInt(at, buffer.getInt(), access.order());
      case 8 -> memory.setLong(at, buffer.getLong(), access.order());
      default -> memory.write(at, MemorySegment.ofArray(access.bytes()));
    }
  }

  private static FlatGuestMemory memory(GuestMap map) {
    try {
      MemoryLayout machine = MemoryLayout.of(MachineType.PC, new ByteSize(8192), null, null);
      return new FlatGuestMemory(new DevicePlacer(machine), map, FakeRegion::neverLost);
    } catch (MemoryLayoutException e) {
      throw new IllegalStateException(e);
    }
  }

  @Provide
  Arbitrary<List<Place>> places() {
    // Most devices stand next to each other, or crossing would be rare.
    Arbitrary<Integer> gap =
        Arbitraries.frequencyOf(
            Tuple.of(3, Arbitraries.just(0)), Tuple.of(1, Arbitraries.integers().between(1, 9)));
    Arbitrary<Boolean> readOnly = Arbitraries.of(false, false, false, true);
    return Combinators.combine(gap, Arbitraries.integers().between(1, 20), readOnly)
        .as(Place::new)
        .list()
        .ofMinSize(1)
        .ofMaxSize(8);
  }

  @Provide
  Arbitrary<Long> bases() {
    // The last ones put devices at the end of the address space, and around its middle.
    return Arbitraries.of(0L, 0x1_0000_0000L, Long.MAX_VALUE - 20, -160L, -40L, -7L, -1L);
  }

  @Provide
  Arbitrary<List<Access>> accesses() {
    return Combinators.combine(
            Arbitraries.of(true, false),
            Arbitraries.integers().between(0, 160),
            Arbitraries.oneOf(Arbitraries.of(1, 2, 4, 8), Arbitraries.integers().between(0, 40)),
            Arbitraries.of(true, false),
            Arbitraries.of(true, false),
            Arbitraries.integers().between(0, 255))
        .as(Access::new)
        .list()
        .ofMinSize(1)
        .ofMaxSize(40);
  }
}
