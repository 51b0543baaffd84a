package holdfast.vcpu.unicorn.internal;

import java.util.function.LongToIntFunction;

/** What an instruction of x86-64 is, by its bytes (Intel's manual, volume 2, 2.1). */
final class X86Opcode {
  /** No instruction is longer. */
  private static final int LONGEST = 15;

  private X86Opcode() {}

  /**
   * Returns whether an instruction is {@code ins}, with whatever prefixes.
   *
   * @param code its bytes, from 0 on
   */
  static boolean isStringInput(LongToIntFunction code) {
    for (int i = 0; i < LONGEST; i++) {
      int opcode = code.applyAsInt(i) & 0xff;
      boolean prefix =
          switch (opcode) {
            case 0x26, 0x2e, 0x36, 0x3e, 0x64, 0x65, 0x66, 0x67, 0xf0, 0xf2, 0xf3 -> true;
            default -> opcode >= 0x40 && opcode <= 0x4f; // REX
          };
      if (!prefix) {
        return opcode == 0x6c || opcode == 0x6d;
      }
    }
    return false;
  }
}
