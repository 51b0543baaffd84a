package holdfast.vcpu.kvm;

/** A register of x86-64 that controls its CPU. */
public enum ControlRegister {
  CR0(224),
  CR2(232),
  CR3(240),
  CR4(248),
  CR8(256),
  EFER(264);

  private final int offset;

  ControlRegister(int offset) {
    this.offset = offset;
  }

  /** Returns its offset in {@code struct kvm_sregs}. */
  int offset() {
    return offset;
  }
}
