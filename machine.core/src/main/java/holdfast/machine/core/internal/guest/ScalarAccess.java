package holdfast.machine.core.internal.guest;

import static java.nio.ByteOrder.BIG_ENDIAN;
import static java.nio.ByteOrder.LITTLE_ENDIAN;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;

/**
 * Reads and writes values of 1, 2, 4 and 8 bytes in a segment, aligned or not. The layouts are
 * constants, since only then is an access one machine instruction.
 */
final class ScalarAccess {
  private static final ValueLayout.OfShort SHORT_LE =
      ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(LITTLE_ENDIAN);
  private static final ValueLayout.OfShort SHORT_BE =
      ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(BIG_ENDIAN);
  private static final ValueLayout.OfInt INT_LE =
      ValueLayout.JAVA_INT_UNALIGNED.withOrder(LITTLE_ENDIAN);
  private static final ValueLayout.OfInt INT_BE =
      ValueLayout.JAVA_INT_UNALIGNED.withOrder(BIG_ENDIAN);
  private static final ValueLayout.OfLong LONG_LE =
      ValueLayout.JAVA_LONG_UNALIGNED.withOrder(LITTLE_ENDIAN);
  private static final ValueLayout.OfLong LONG_BE =
      ValueLayout.JAVA_LONG_UNALIGNED.withOrder(BIG_ENDIAN);

  private ScalarAccess() {}

  static long load(MemorySegment segment, long offset, int width, ByteOrder order) {
    boolean little = order == LITTLE_ENDIAN;
    return switch (width) {
      case Byte.BYTES -> segment.get(ValueLayout.JAVA_BYTE, offset);
      case Short.BYTES -> segment.get(little ? SHORT_LE : SHORT_BE, offset);
      case Integer.BYTES -> segment.get(little ? INT_LE : INT_BE, offset);
      case Long.BYTES -> segment.get(little ? LONG_LE : LONG_BE, offset);
      default -> throw new IllegalArgumentException(width + " bytes");
    };
  }

  static void store(MemorySegment segment, long offset, int width, ByteOrder order, long value) {
    boolean little = order == LITTLE_ENDIAN;
    switch (width) {
      case Byte.BYTES -> segment.set(ValueLayout.JAVA_BYTE, offset, (byte) value);
      case Short.BYTES -> segment.set(little ? SHORT_LE : SHORT_BE, offset, (short) value);
      case Integer.BYTES -> segment.set(little ? INT_LE : INT_BE, offset, (int) value);
      case Long.BYTES -> segment.set(little ? LONG_LE : LONG_BE, offset, value);
      default -> throw new IllegalArgumentException(width + " bytes");
    }
  }
}
