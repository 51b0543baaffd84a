package holdfast.vcpu.unicorn;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.nio.ByteBuffer;
import java.util.List;

/**
 * Guest code that stores the number of each of its rounds, from 1 on, into rings in the NVDIMM:
 * what the rings must hold follows from the last number alone.
 */
final class StampingCode {
  private StampingCode() {}

  /** How a ring is stored into. */
  enum How {
    /** The number. */
    STAMP,
    /** One more, in one instruction or between two that belong together. */
    COUNT
  }

  /**
   * A ring.
   *
   * @param name how it is stored into
   * @param offset in the NVDIMM
   * @param slots a power of 2
   * @param words of 64 bits in each slot, which all get the number
   */
  record Ring(String name, long offset, int slots, int words, How how) {
    long bytes() {
      return (long) slots * words * Long.BYTES;
    }

    /** What a slot holds after so many rounds. */
    long expected(long rounds, int slot) {
      long last = rounds - Math.floorMod(rounds - slot, (long) slots);
      if (last <= 0) {
        return 0;
      }
      return how == How.STAMP ? last : (last - 1) / slots + 1;
    }
  }

  private static final int SLOTS = 512;

  /** The rings of each architecture's code. */
  static List<Ring> rings(Architecture architecture) {
    Ring plain = new Ring("plain stores", 0, SLOTS, 1, How.STAMP);
    Ring atomic = new Ring("atomic increments", 4096, SLOTS, 1, How.COUNT);
    return switch (architecture) {
      case X86_64 ->
          List.of(
              plain,
              atomic,
              new Ring("non-temporal stores of 8 bytes", 8192, SLOTS, 1, How.STAMP),
              new Ring("rep movsq", 12288, 128, 4, How.STAMP),
              new Ring("non-temporal stores of 16 bytes", 16384, 256, 2, How.STAMP));
      case ARM64 -> List.of(plain, atomic, new Ring("pairs", 8192, 256, 2, How.STAMP));
      case RISCV64 -> List.of(plain, atomic);
    };
  }

  /** Puts the code into a guest, whose number of rounds is 0. */
  static void load(Guest guest) {
    long rings = guest.nvdimm.address().value();
    switch (guest.cpu.architecture()) {
      case X86_64 -> {
        guest.code(
            """
            48 ffc0                | l: inc rax
            48 89c1                | mov rcx, rax
            48 81e1 ff010000       | and rcx, 511
            48 8904cb              | mov [rbx + rcx*8], rax
            48 c7c2 01000000       | mov rdx, 1
            f0 48 0fc194cb 00100000| lock xadd [rbx + rcx*8 + 4096], rdx
            48 0fc384cb 00200000   | movnti [rbx + rcx*8 + 8192], rax
            49 8900                | mov [r8], rax
            49 894008              | mov [r8 + 8], rax
            49 894010              | mov [r8 + 16], rax
            49 894018              | mov [r8 + 24], rax
            48 89c7                | mov rdi, rax
            48 83e7 7f             | and rdi, 127
            48 c1e7 05             | shl rdi, 5
            48 8dbc3b 00300000     | lea rdi, [rbx + rdi + 12288]
            4c 89c6                | mov rsi, r8
            b9 04000000            | mov ecx, 4
            fc                     | cld
            f3 48a5                | rep movsq
            66480f6ec0             | movq xmm0, rax
            660f6cc0               | punpcklqdq xmm0, xmm0
            48 89c1                | mov rcx, rax
            48 81e1 ff000000       | and rcx, 255
            48 c1e1 04             | shl rcx, 4
            660fe7840b 00400000    | movntdq [rbx + rcx + 16384], xmm0
            eb 85                  | jmp l
            """);
        guest.set(X86Register.RBX, rings);
        guest.set(X86Register.R8, guest.ram.value() + 0x8000);
        guest.set(X86Register.RAX, 0);
      }
      case ARM64 -> {
        guest.words(
            """
            91000400 | l: add x0, x0, 1
            92402002 | and x2, x0, 511
            f8227820 | str x0, [x1, x2, lsl 3]
            91400423 | add x3, x1, 4096
            8b020c63 | add x3, x3, x2, lsl 3
            c85f7c64 | 1: ldxr x4, [x3]
            91000484 | add x4, x4, 1
            c8057c64 | stxr w5, x4, [x3]
            35ffffa5 | cbnz w5, 1b
            91400823 | add x3, x1, 8192
            92401c02 | and x2, x0, 255
            8b021063 | add x3, x3, x2, lsl 4
            a9000060 | stp x0, x0, [x3]
            17fffff3 | b l
            """);
        guest.set(Arm64Register.X1, rings);
        guest.set(Arm64Register.X0, 0);
      }
      case RISCV64 -> {
        guest.words(
            """
            00150513 | l: addi a0, a0, 1
            1ff57613 | andi a2, a0, 511
            00361613 | slli a2, a2, 3
            00c586b3 | add a3, a1, a2
            00a6b023 | sd a0, 0(a3)
            00001737 | lui a4, 1
            00e686b3 | add a3, a3, a4
            00100793 | li a5, 1
            00f6b02f | amoadd.d zero, a5, (a3)
            fddff06f | j l
            """);
        guest.set(RiscvRegister.X11, rings);
        guest.set(RiscvRegister.X10, 0);
      }
    }
  }

  /** Returns the number of the round that a guest is in; it is out of its code. */
  static long rounds(UnicornVcpu cpu) {
    return cpu.read(
        switch (cpu.architecture()) {
          case X86_64 -> X86Register.RAX;
          case ARM64 -> Arm64Register.X0;
          case RISCV64 -> RiscvRegister.X10;
        });
  }

  /**
   * Checks that the rings hold just what was stored in so many rounds. The last round may be under
   * way: its own slots have been stored into, or not yet, word by word in order.
   */
  static void assertStored(Architecture architecture, long rounds, ByteBuffer nvdimm) {
    boolean done = true;
    for (Ring ring : rings(architecture)) {
      for (int slot = 0; slot < ring.slots(); slot++) {
        long now = ring.expected(rounds, slot);
        boolean current = Math.floorMod(rounds, (long) ring.slots()) == slot;
        for (int word = 0; word < ring.words(); word++) {
          int at = (int) ring.offset() + (slot * ring.words() + word) * Long.BYTES;
          long found = nvdimm.getLong(at);
          if (current && done && found != now) {
            done = false; // not stored yet, and so is all that comes after
          }
          long expected = current && !done ? ring.expected(rounds - 1, slot) : now;
          if (found != expected) {
            assertEquals(
                expected,
                found,
                ring.name() + ", slot " + slot + ", word " + word + ", after " + rounds);
          }
        }
      }
    }
  }
}
