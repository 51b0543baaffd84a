package holdfast.machine.core.internal.guest;

import holdfast.backend.api.ByteSize;
import holdfast.backend.api.Granularity;
import holdfast.backend.api.PersistException;
import holdfast.machine.api.CallerMemoryException;
import holdfast.machine.api.GuestAddress;
import holdfast.machine.api.GuestMemory;
import holdfast.machine.api.GuestMemoryException;
import holdfast.machine.api.GuestRange;
import holdfast.machine.api.LostMemoryException;
import holdfast.machine.api.MemoryDevice;
import holdfast.machine.api.MisalignedAddressException;
import holdfast.machine.api.ReadOnlyDeviceException;
import holdfast.machine.api.SplitRangeException;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.channels.GatheringByteChannel;
import java.nio.channels.ScatteringByteChannel;
import java.util.List;
import java.util.Optional;

/**
 * Access to the devices of a map, which somebody else exchanges. An access uses the map that is
 * present when it begins, and takes no lock.
 */
abstract class GuestAccess implements GuestMemory {
  private final LostPages lost;

  /** Replaced by the subclass alone. */
  volatile GuestMap map;

  /**
   * @param lost decides which memory is at fault for a failed access, in the thread of the access
   */
  GuestAccess(GuestMap map, LostPages lost) {
    this.map = map;
    this.lost = lost;
  }

  @Override
  public List<MemoryDevice> devices() {
    return List.copyOf(map.devices());
  }

  @Override
  public Optional<MemoryDevice> find(GuestAddress address) {
    return map.find(address);
  }

  @Override
  public void read(GuestAddress address, MemorySegment target) {
    GuestMap now = map;
    long length = target.byteSize();
    try {
      now.visit(
          address,
          length,
          (device, offset, done, part) ->
              MemorySegment.copy(device.segment(), offset, target, done, part));
      LateErrors.await();
    } catch (InternalError e) {
      throw fault(now, address, length, false, e);
    }
  }

  @Override
  public void write(GuestAddress address, MemorySegment source) {
    GuestMap now = map;
    long length = source.byteSize();
    requireWritable(now, address, length);
    try {
      now.visit(
          address,
          length,
          (device, offset, done, part) ->
              MemorySegment.copy(source, done, device.segment(), offset, part));
      LateErrors.await();
    } catch (InternalError e) {
      throw fault(now, address, length, true, e);
    }
  }

  private static void requireWritable(GuestMap map, GuestAddress address, long length) {
    map.visit(
        address,
        length,
        (device, offset, done, part) -> {
          if (device.readOnly()) {
            throw new ReadOnlyDeviceException(address, length, device);
          }
        });
  }

  /**
   * Returns the exception for an access in which the JVM reported a fault. The fault may be about
   * any part of the range, the other side of a copy, or an earlier access of this thread, so this
   * checks with the host.
   */
  private GuestMemoryException fault(
      GuestMap now, GuestAddress address, long length, boolean stored, InternalError cause) {
    now.visit(
        address,
        length,
        (device, offset, done, bytes) -> {
          if (new Part(device, offset, bytes).isLost(lost, stored)) {
            throw new LostMemoryException(address, length, device, cause);
          }
        });
    return new CallerMemoryException(address, length, cause);
  }

  @Override
  public long transferFrom(FileChannel file, long position, GuestAddress address, ByteSize size)
      throws IOException {
    GuestMap now = map;
    requireWritable(now, address, size.bytes());
    return FileTransfer.toGuest(file, position, address, size.bytes(), lost).run(now);
  }

  @Override
  public void transferTo(FileChannel file, long position, GuestAddress address, ByteSize size)
      throws IOException {
    FileTransfer.toFile(file, position, address, size.bytes(), lost).run(map);
  }

  @Override
  public long transferFrom(ScatteringByteChannel source, List<GuestRange> ranges)
      throws IOException {
    GuestMap now = map;
    ranges.forEach(range -> requireWritable(now, range.first(), StreamTransfer.length(range)));
    return new StreamTransfer(now, ranges, lost).from(source);
  }

  @Override
  public long transferTo(GatheringByteChannel target, List<GuestRange> ranges) throws IOException {
    return new StreamTransfer(map, ranges, lost).to(target);
  }

  // Addresses are plain numbers here, and become objects only where an access is slow or fails: an
  // object that can reach those paths would have to be allocated for every access.

  private long load(long address, int width, ByteOrder order) {
    GuestMap now = map;
    GuestDevice device = now.holder(address, width);
    if (device == null) {
      MemorySegment bytes = MemorySegment.ofArray(new byte[width]);
      read(new GuestAddress(address), bytes);
      return ScalarAccess.load(bytes, 0, width, order);
    }
    try {
      long value = ScalarAccess.load(device.segment(), device.offsetOf(address), width, order);
      LateErrors.await();
      return value;
    } catch (InternalError e) {
      throw fault(now, new GuestAddress(address), width, false, e);
    }
  }

  private void store(long address, int width, ByteOrder order, long value) {
    GuestMap now = map;
    GuestDevice device = now.holder(address, width);
    if (device == null || device.readOnly()) {
      MemorySegment bytes = MemorySegment.ofArray(new byte[width]);
      ScalarAccess.store(bytes, 0, width, order, value);
      write(new GuestAddress(address), bytes);
      return;
    }
    try {
      ScalarAccess.store(device.segment(), device.offsetOf(address), width, order, value);
      LateErrors.await();
    } catch (InternalError e) {
      throw fault(now, new GuestAddress(address), width, true, e);
    }
  }

  @Override
  public byte getByte(GuestAddress address) {
    return (byte) load(address.value(), Byte.BYTES, ByteOrder.nativeOrder());
  }

  @Override
  public short getShort(GuestAddress address, ByteOrder order) {
    return (short) load(address.value(), Short.BYTES, order);
  }

  @Override
  public int getInt(GuestAddress address, ByteOrder order) {
    return (int) load(address.value(), Integer.BYTES, order);
  }

  @Override
  public long getLong(GuestAddress address, ByteOrder order) {
    return load(address.value(), Long.BYTES, order);
  }

  @Override
  public void setByte(GuestAddress address, byte value) {
    store(address.value(), Byte.BYTES, ByteOrder.nativeOrder(), value);
  }

  @Override
  public void setShort(GuestAddress address, short value, ByteOrder order) {
    store(address.value(), Short.BYTES, order, value);
  }

  @Override
  public void setInt(GuestAddress address, int value, ByteOrder order) {
    store(address.value(), Integer.BYTES, order, value);
  }

  @Override
  public void setLong(GuestAddress address, long value, ByteOrder order) {
    store(address.value(), Long.BYTES, order, value);
  }

  /**
   * Returns the device of an ordered access.
   *
   * @throws GuestMemoryException if there can't be such an access
   */
  private static GuestDevice aligned(GuestMap now, long address, int width, boolean stored) {
    if ((address & (width - 1)) != 0) {
      throw new MisalignedAddressException(new GuestAddress(address), width);
    }
    GuestDevice device = now.holder(address, width);
    if (device == null) {
      requireOne(now, new GuestAddress(address), width);
      throw new AssertionError("a device has them all, and none holds them");
    }
    if (stored && device.readOnly()) {
      throw new ReadOnlyDeviceException(new GuestAddress(address), width, device);
    }
    return device;
  }

  /** Checks that a range lies in one device; an empty one needs an address with memory, too. */
  private static void requireOne(GuestMap now, GuestAddress address, long length) {
    now.visit(
        address,
        Math.max(1, length),
        (device, offset, done, part) -> {
          if (part < length) {
            throw new SplitRangeException(address, length, device, new ByteSize(part));
          }
        });
  }

  @Override
  public int getIntAcquire(GuestAddress address, ByteOrder order) {
    GuestMap now = map;
    GuestDevice device = aligned(now, address.value(), Integer.BYTES, false);
    try {
      int result = OrderedAccess.loadInt(device.segment(), device.offsetOf(address.value()), order);
      LateErrors.await();
      return result;
    } catch (InternalError e) {
      throw fault(now, address, Integer.BYTES, false, e);
    }
  }

  @Override
  public long getLongAcquire(GuestAddress address, ByteOrder order) {
    GuestMap now = map;
    GuestDevice device = aligned(now, address.value(), Long.BYTES, false);
    try {
      long result =
          OrderedAccess.loadLong(device.segment(), device.offsetOf(address.value()), order);
      LateErrors.await();
      return result;
    } catch (InternalError e) {
      throw fault(now, address, Long.BYTES, false, e);
    }
  }

  @Override
  public void setIntRelease(GuestAddress address, int value, ByteOrder order) {
    GuestMap now = map;
    GuestDevice device = aligned(now, address.value(), Integer.BYTES, true);
    try {
      OrderedAccess.storeInt(device.segment(), device.offsetOf(address.value()), value, order);
      LateErrors.await();
    } catch (InternalError e) {
      throw fault(now, address, Integer.BYTES, true, e);
    }
  }

  @Override
  public void setLongRelease(GuestAddress address, long value, ByteOrder order) {
    GuestMap now = map;
    GuestDevice device = aligned(now, address.value(), Long.BYTES, true);
    try {
      OrderedAccess.storeLong(device.segment(), device.offsetOf(address.value()), value, order);
      LateErrors.await();
    } catch (InternalError e) {
      throw fault(now, address, Long.BYTES, true, e);
    }
  }

  @Override
  public boolean compareAndSetInt(GuestAddress address, int expected, int value, ByteOrder order) {
    GuestMap now = map;
    GuestDevice device = aligned(now, address.value(), Integer.BYTES, true);
    try {
      boolean result =
          OrderedAccess.swapInt(
              device.segment(), device.offsetOf(address.value()), expected, value, order);
      LateErrors.await();
      return result;
    } catch (InternalError e) {
      throw fault(now, address, Integer.BYTES, true, e);
    }
  }

  @Override
  public boolean compareAndSetLong(
      GuestAddress address, long expected, long value, ByteOrder order) {
    GuestMap now = map;
    GuestDevice device = aligned(now, address.value(), Long.BYTES, true);
    try {
      boolean result =
          OrderedAccess.swapLong(
              device.segment(), device.offsetOf(address.value()), expected, value, order);
      LateErrors.await();
      return result;
    } catch (InternalError e) {
      throw fault(now, address, Long.BYTES, true, e);
    }
  }

  @Override
  public MemorySegment segment(GuestAddress address, ByteSize size) {
    GuestMap now = map;
    long length = size.bytes();
    requireOne(now, address, length);
    MemoryDevice device = now.find(address).orElseThrow();
    return device.segment().asSlice(address.offsetFrom(device.address()), length);
  }

  @Override
  public void markDirty(GuestAddress address, ByteSize size) {
    GuestMap now = map;
    long length = size.bytes();
    requireWritable(now, address, length);
    now.visit(
        address,
        length,
        (device, offset, done, bytes) -> {
          Part part = new Part(device, offset, bytes);
          try {
            part.markDirty(bytes);
          } catch (InternalError e) {
            if (part.isLost(lost, true)) {
              throw new LostMemoryException(address, length, device, e);
            }
            part.markDirty(bytes); // the error was late, and about another access
          }
        });
  }

  @Override
  public Granularity persist(GuestAddress address, ByteSize size) throws PersistException {
    Weakest weakest = new Weakest();
    map.visit(address, size.bytes(), weakest);
    return weakest.granularity;
  }

  /** Persists the parts of a range and keeps the weakest granularity. */
  private static final class Weakest implements GuestMap.Piece<PersistException> {
    Granularity granularity = Granularity.BYTE;

    @Override
    public void visit(GuestDevice device, long offset, long done, long length)
        throws PersistException {
      Granularity held = device.region().persist(device.regionOffset() + offset, length);
      if (held.compareTo(granularity) < 0) {
        granularity = held;
      }
    }
  }
}
