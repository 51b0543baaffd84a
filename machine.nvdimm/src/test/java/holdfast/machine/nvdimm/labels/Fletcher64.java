package holdfast.machine.nvdimm.labels;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/** The checksum of index blocks and labels (UEFI 2.9, 13.19.2: Fletcher's, of 32-bit words). */
final class Fletcher64 {
  private Fletcher64() {}

  /** Returns the checksum of little-endian words, with the 8 bytes at {@code field} taken as 0. */
  static long of(byte[] bytes, int field) {
    ByteBuffer words = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
    int low = 0;
    int high = 0;
    for (int at = 0; at < bytes.length; at += Integer.BYTES) {
      boolean isField = at >= field && at < field + Long.BYTES;
      low += isField ? 0 : words.getInt(at);
      high += low;
    }
    return (long) high << 32 | Integer.toUnsignedLong(low);
  }
}
