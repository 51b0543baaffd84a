package holdfast.vcpu.unicorn;

import java.util.List;

/** What a guest's CPU is. */
public enum Architecture {
  /**
   * x86 in 64-bit mode, flat, at privilege level 0, without page tables of the guest's own: those
   * are ignored (seen with Unicorn 2.0.1). It has SSE4, {@code clflush} and non-temporal stores; it
   * has neither AVX nor {@code clwb} nor {@code clflushopt}.
   */
  X86_64("x86-64", 4, 1 << 3, X86Register.RIP, List.of(X86Register.values())),

  /** ARMv8 in 64-bit mode, little-endian, at EL1, without the atomic instructions of ARMv8.1. */
  ARM64("arm64", 2, 0, Arm64Register.PC, List.of(Arm64Register.values())),

  /** RISC-V RV64 with the extensions IMAFDC, in user mode. */
  RISCV64("riscv64", 8, 1 << 3, RiscvRegister.PC, List.of(RiscvRegister.values()));

  private final String label;
  private final int arch;
  private final int mode;
  private final Register counter;
  private final List<Register> registers;

  Architecture(
      String label, int arch, int mode, Register counter, List<? extends Register> registers) {
    this.label = label;
    this.arch = arch;
    this.mode = mode;
    this.counter = counter;
    this.registers = List.copyOf(registers);
  }

  /** Returns the name in states and messages, such as {@code x86-64}. */
  public String label() {
    return label;
  }

  /** Returns the program counter. */
  public Register counter() {
    return counter;
  }

  /** Returns the registers that can be read and written, which are those that migrate. */
  public List<Register> registers() {
    return registers;
  }

  /** Returns Unicorn's number of it: {@code UC_ARCH_…}. */
  public int arch() {
    return arch;
  }

  /** Returns Unicorn's mode: {@code UC_MODE_64}, {@code UC_MODE_RISCV64} or none. */
  public int mode() {
    return mode;
  }
}
