package holdfast.host.testkit;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/** Bytes by whose value a test knows where they belong: no two pages hold the same. */
public final class KnownBytes {
  private KnownBytes() {}

  /** The byte at {@code offset}. */
  public static byte at(long offset) {
    return (byte) (offset * 31 + (offset >> 12) + 1);
  }

  /** The first {@code size} bytes. */
  public static byte[] first(long size) {
    byte[] bytes = new byte[Math.toIntExact(size)];
    for (int at = 0; at < bytes.length; at++) {
      bytes[at] = at(at);
    }
    return bytes;
  }

  /** All bytes that a memory holds, known or not. */
  public static byte[] in(MemorySegment memory) {
    return memory.toArray(ValueLayout.JAVA_BYTE);
  }
}
