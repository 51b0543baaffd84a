package holdfast.machine.core.internal.guest;

import static java.nio.ByteOrder.BIG_ENDIAN;
import static java.nio.ByteOrder.LITTLE_ENDIAN;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;

/**
 * Atomic reads and writes of 4 and 8 bytes in a segment, in order among threads. The handles are
 * constants, since only then is an access one machine instruction.
 *
 * <p>SAFETY: the processor makes an access atomic only at a host address that is a multiple of its
 * width. The caller has checked the guest address. The host address is aligned with it, since a
 * device begins at a multiple of its region's alignment in the guest as on the host, a piece of
 * base RAM at a multiple of 4 KiB, and no region has an alignment below a page. For memory that
 * breaks this, the handles throw an IllegalArgumentException, and nothing was accessed.
 */
final class OrderedAccess {
  private static final VarHandle INT_LE = ValueLayout.JAVA_INT.withOrder(LITTLE_ENDIAN).varHandle();
  private static final VarHandle INT_BE = ValueLayout.JAVA_INT.withOrder(BIG_ENDIAN).varHandle();
  private static final VarHandle LONG_LE =
      ValueLayout.JAVA_LONG.withOrder(LITTLE_ENDIAN).varHandle();
  private static final VarHandle LONG_BE = ValueLayout.JAVA_LONG.withOrder(BIG_ENDIAN).varHandle();

  private OrderedAccess() {}

  static int loadInt(MemorySegment segment, long offset, ByteOrder order) {
    return order == LITTLE_ENDIAN
        ? (int) INT_LE.getAcquire(segment, offset)
        : (int) INT_BE.getAcquire(segment, offset);
  }

  static long loadLong(MemorySegment segment, long offset, ByteOrder order) {
    return order == LITTLE_ENDIAN
        ? (long) LONG_LE.getAcquire(segment, offset)
        : (long) LONG_BE.getAcquire(segment, offset);
  }

  static void storeInt(MemorySegment segment, long offset, int value, ByteOrder order) {
    if (order == LITTLE_ENDIAN) {
      INT_LE.setRelease(segment, offset, value);
    } else {
      INT_BE.setRelease(segment, offset, value);
    }
  }

  static void storeLong(MemorySegment segment, long offset, long value, ByteOrder order) {
    if (order == LITTLE_ENDIAN) {
      LONG_LE.setRelease(segment, offset, value);
    } else {
      LONG_BE.setRelease(segment, offset, value);
    }
  }

  // SAFETY: a compare-and-set of a page that a truncated file has lost would end the JVM in
  // interpreted code (ColdCode). The load before it turns that into an InternalError; it is a
  // volatile one, since a compare-and-set that finds another value is ordered as well.

  static boolean swapInt(
      MemorySegment segment, long offset, int expected, int value, ByteOrder order) {
    return order == LITTLE_ENDIAN
        ? (int) INT_LE.getVolatile(segment, offset) == expected
            && INT_LE.compareAndSet(segment, offset, expected, value)
        : (int) INT_BE.getVolatile(segment, offset) == expected
            && INT_BE.compareAndSet(segment, offset, expected, value);
  }

  static boolean swapLong(
      MemorySegment segment, long offset, long expected, long value, ByteOrder order) {
    return order == LITTLE_ENDIAN
        ? (long) LONG_LE.getVolatile(segment, offset) == expected
            && LONG_LE.compareAndSet(segment, offset, expected, value)
        : (long) LONG_BE.getVolatile(segment, offset) == expected
            && LONG_BE.compareAndSet(segment, offset, expected, value);
  }
}
