package holdfast.host.testkit;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * Test content in which the value of a byte shows where it belongs: no two of 256 consecutive pages
 * of 4 KiB are the same.
 */
public final class KnownBytes {
  private KnownBytes() {}

  /** Returns the byte at {@code offset}. */
  public static byte at(long offset) {
    return (byte) (offset * 31 + (offset >> 12) + 1);
  }

  /** Returns the first {@code size} bytes. */
  public static byte[] first(long size) {
    byte[] bytes = new byte[Math.toIntExact(size)];
    for (int at = 0; at < bytes.length; at++) {
      bytes[at] = at(at);
    }
    return bytes;
  }

  /** Returns all bytes of a memory, whatever they are. */
  public static byte[] in(MemorySegment memory) {
    return memory.toArray(ValueLayout.JAVA_BYTE);
  }
}
