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
import org.jspecify.annotations.Nullable;

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

  // Nothing below allocates for an access that goes well: addresses are plain numbers on the way,
  // and become objects only where an access fails.

  @Override
  public void read(GuestAddress address, MemorySegment target) {
    GuestMap now = map;
    long at = address.value();
    long length = target.byteSize();
    Span span = now.holder(at, length);
    try {
      if (span != null) {
        MemorySegment.copy(span.segment(), span.offsetOf(at), target, 0, length);
      } else {
        Parts.read(now, at, target);
      }
      LateErrors.await();
    } catch (InternalError e) {
      throw fault(now, at, length, false, e);
    }
  }

  @Override
  public void write(GuestAddress address, MemorySegment source) {
    GuestMap now = map;
    long at = address.value();
    long length = source.byteSize();
    Span span = now.holder(at, length);
    try {
      if (span != null && !span.readOnly()) {
        MemorySegment.copy(source, 0, span.segment(), span.offsetOf(at), length);
      } else {
        Parts.requireWritable(now, at, length);
        Parts.write(now, at, source);
      }
      LateErrors.await();
    } catch (InternalError e) {
      throw fault(now, at, length, true, e);
    }
  }

  /**
   * Returns the exception for an access in which the JVM reported a fault. The fault may be about
   * any part of the range, the other side of a copy, or an earlier access of this thread, so this
   * checks with the host.
   */
  private GuestMemoryException fault(
      GuestMap now, long at, long length, boolean stored, InternalError cause) {
    GuestAddress address = new GuestAddress(at);
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
    Parts.requireWritable(now, address.value(), size.bytes());
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
    ranges.forEach(
        range -> Parts.requireWritable(now, range.first().value(), StreamTransfer.length(range)));
    return new StreamTransfer(now, ranges, lost).from(source);
  }

  @Override
  public long transferTo(GatheringByteChannel target, List<GuestRange> ranges) throws IOException {
    return new StreamTransfer(map, ranges, lost).to(target);
  }

  private long load(long address, int width, ByteOrder order) {
    GuestMap now = map;
    Span span = now.holder(address, width);
    if (span == null) {
      return loadParts(address, width, order);
    }
    try {
      long value = ScalarAccess.load(span.segment(), span.offsetOf(address), width, order);
      LateErrors.await();
      return value;
    } catch (InternalError e) {
      throw fault(now, address, width, false, e);
    }
  }

  private long loadParts(long address, int width, ByteOrder order) {
    MemorySegment bytes = MemorySegment.ofArray(new byte[width]);
    read(new GuestAddress(address), bytes);
    return ScalarAccess.load(bytes, 0, width, order);
  }

  private void store(long address, int width, ByteOrder order, long value) {
    GuestMap now = map;
    Span span = now.holder(address, width);
    if (span == null || span.readOnly()) {
      storeParts(address, width, order, value);
      return;
    }
    try {
      ScalarAccess.store(span.segment(), span.offsetOf(address), width, order, value);
      LateErrors.await();
    } catch (InternalError e) {
      throw fault(now, address, width, true, e);
    }
  }

  private void storeParts(long address, int width, ByteOrder order, long value) {
    MemorySegment bytes = MemorySegment.ofArray(new byte[width]);
    ScalarAccess.store(bytes, 0, width, order, value);
    write(new GuestAddress(address), bytes);
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
  private static Span aligned(GuestMap now, long address, int width, boolean stored) {
    Span span = now.holder(address, width);
    if ((address & (width - 1)) != 0 || span == null || (stored && span.readOnly())) {
      throw notAligned(now, address, width, span);
    }
    return span;
  }

  private static GuestMemoryException notAligned(
      GuestMap now, long at, int width, @Nullable Span span) {
    GuestAddress address = new GuestAddress(at);
    if ((at & (width - 1)) != 0) {
      return new MisalignedAddressException(address, width);
    }
    if (span == null) {
      requireOne(now, address, width);
      throw new AssertionError("a device has them all, and none holds them");
    }
    return new ReadOnlyDeviceException(address, width, span.device());
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
    long at = address.value();
    Span span = aligned(now, at, Integer.BYTES, false);
    try {
      int result = OrderedAccess.loadInt(span.segment(), span.offsetOf(at), order);
      LateErrors.await();
      return result;
    } catch (InternalError e) {
      throw fault(now, at, Integer.BYTES, false, e);
    }
  }

  @Override
  public long getLongAcquire(GuestAddress address, ByteOrder order) {
    GuestMap now = map;
    long at = address.value();
    Span span = aligned(now, at, Long.BYTES, false);
    try {
      long result = OrderedAccess.loadLong(span.segment(), span.offsetOf(at), order);
      LateErrors.await();
      return result;
    } catch (InternalError e) {
      throw fault(now, at, Long.BYTES, false, e);
    }
  }

  @Override
  public void setIntRelease(GuestAddress address, int value, ByteOrder order) {
    GuestMap now = map;
    long at = address.value();
    Span span = aligned(now, at, Integer.BYTES, true);
    try {
      OrderedAccess.storeInt(span.segment(), span.offsetOf(at), value, order);
      LateErrors.await();
    } catch (InternalError e) {
      throw fault(now, at, Integer.BYTES, true, e);
    }
  }

  @Override
  public void setLongRelease(GuestAddress address, long value, ByteOrder order) {
    GuestMap now = map;
    long at = address.value();
    Span span = aligned(now, at, Long.BYTES, true);
    try {
      OrderedAccess.storeLong(span.segment(), span.offsetOf(at), value, order);
      LateErrors.await();
    } catch (InternalError e) {
      throw fault(now, at, Long.BYTES, true, e);
    }
  }

  /** Checks, while an atomic update could end the JVM, that the host can provide its pages. */
  private void requireSafe(ColdCode code, GuestMap now, long at, long length) {
    if (code.mayBe()) {
      GuestAddress address = new GuestAddress(at);
      now.visit(
          address,
          length,
          (device, offset, done, bytes) -> {
            if (new Part(device, offset, bytes).isLost(lost, true)) {
              throw new LostMemoryException(address, length, device, ColdCode.lost());
            }
          });
    }
  }

  @Override
  public boolean compareAndSetInt(GuestAddress address, int expected, int value, ByteOrder order) {
    GuestMap now = map;
    long at = address.value();
    Span span = aligned(now, at, Integer.BYTES, true);
    requireSafe(ColdCode.INT, now, at, Integer.BYTES);
    try {
      boolean result =
          OrderedAccess.swapInt(span.segment(), span.offsetOf(at), expected, value, order);
      LateErrors.await();
      return result;
    } catch (InternalError e) {
      throw fault(now, at, Integer.BYTES, true, e);
    }
  }

  @Override
  public boolean compareAndSetLong(
      GuestAddress address, long expected, long value, ByteOrder order) {
    GuestMap now = map;
    long at = address.value();
    Span span = aligned(now, at, Long.BYTES, true);
    requireSafe(ColdCode.LONG, now, at, Long.BYTES);
    try {
      boolean result =
          OrderedAccess.swapLong(span.segment(), span.offsetOf(at), expected, value, order);
      LateErrors.await();
      return result;
    } catch (InternalError e) {
      throw fault(now, at, Long.BYTES, true, e);
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
    Parts.requireWritable(now, address.value(), length);
    requireSafe(ColdCode.MARK, now, address.value(), length);
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
    GuestMap now = map;
    long length = size.bytes();
    Span only = length > 0 ? now.holder(address.value(), length) : null;
    return only != null
        ? Parts.persist(only, address.value(), length)
        : Parts.persist(now, address, length);
  }
}
