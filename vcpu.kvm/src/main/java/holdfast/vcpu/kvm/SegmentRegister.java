package holdfast.vcpu.kvm;

/** A segment register of x86-64, in the order of {@code struct kvm_sregs}. */
public enum SegmentRegister {
  CS,
  DS,
  ES,
  FS,
  GS,
  SS,
  TR,
  LDT;

  /** Returns its offset in {@code struct kvm_sregs}. */
  int offset() {
    return ordinal() * Segment.LENGTH;
  }
}
