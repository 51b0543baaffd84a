package holdfast.vcpu.kvm;

/** A register of x86-64 of 64 bits, in the order of {@code struct kvm_regs}. */
public enum Register {
  RAX,
  RBX,
  RCX,
  RDX,
  RSI,
  RDI,
  RSP,
  RBP,
  R8,
  R9,
  R10,
  R11,
  R12,
  R13,
  R14,
  R15,
  RIP,
  RFLAGS;

  /** Returns its offset in {@code struct kvm_regs}. */
  int offset() {
    return ordinal() * Long.BYTES;
  }
}
