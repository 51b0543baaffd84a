package holdfast.vcpu.kvm;

import java.nio.ByteBuffer;

/**
 * What a segment register holds: its selector, and the descriptor that it was loaded with (Intel's
 * manual, volume 3, "Segment Descriptors").
 *
 * @param limit the last offset in bytes, whatever the granularity
 * @param attributes bits 0 to 7 and 12 to 15 of the descriptor's second word from bit 8 on: type (4
 *     bits), S, DPL (2 bits), P; then AVL, L, D/B, G at bits 8 to 11
 * @param usable false of a null segment
 */
public record Segment(long base, int limit, int selector, int attributes, boolean usable) {
  /** The length of {@code struct kvm_segment}. */
  static final int LENGTH = 24;

  /** A null segment. */
  public static final Segment NULL = new Segment(0, 0, 0, 0, false);

  /** Returns a segment of all memory, for 64-bit code at privilege level {@code level}. */
  public static Segment code64(int selector, int level) {
    return new Segment(0, -1, selector, 0xa9b | level << 5, true);
  }

  /** Returns a segment of all memory, for data at privilege level {@code level}. */
  public static Segment data(int selector, int level) {
    return new Segment(0, -1, selector, 0xc93 | level << 5, true);
  }

  /** Returns a busy task state segment of 64 bits. */
  public static Segment task64(int selector, long base, int limit) {
    return new Segment(base, limit, selector, 0x8b, true);
  }

  private int bits(int from, int count) {
    return attributes >>> from & (1 << count) - 1;
  }

  void put(ByteBuffer sregs, int at) {
    sregs
        .putLong(at, base)
        .putInt(at + 8, limit)
        .putShort(at + 12, (short) selector)
        .put(at + 14, (byte) bits(0, 4)) // type
        .put(at + 15, (byte) bits(7, 1)) // present
        .put(at + 16, (byte) bits(5, 2)) // dpl
        .put(at + 17, (byte) bits(10, 1)) // db
        .put(at + 18, (byte) bits(4, 1)) // s
        .put(at + 19, (byte) bits(9, 1)) // l
        .put(at + 20, (byte) bits(11, 1)) // g
        .put(at + 21, (byte) bits(8, 1)) // avl
        .put(at + 22, (byte) (usable ? 0 : 1)); // unusable
  }

  static Segment get(ByteBuffer sregs, int at) {
    int attributes =
        sregs.get(at + 14)
            | sregs.get(at + 18) << 4
            | sregs.get(at + 16) << 5
            | sregs.get(at + 15) << 7
            | sregs.get(at + 21) << 8
            | sregs.get(at + 19) << 9
            | sregs.get(at + 17) << 10
            | sregs.get(at + 20) << 11;
    return new Segment(
        sregs.getLong(at),
        sregs.getInt(at + 8),
        Short.toUnsignedInt(sregs.getShort(at + 12)),
        attributes,
        sregs.get(at + 22) == 0);
  }
}
