package holdfast.vcpu.kvm.internal;

/**
 * The requests of KVM that are made here, on x86-64 ({@code linux/kvm.h} and {@code asm/kvm.h} of
 * Linux; {@code Documentation/virt/kvm/api.rst} says what they do). A request's number holds the
 * size of its structure.
 */
enum KvmRequest {
  KVM_CREATE_VM(0xAE01),
  KVM_GET_MSR_INDEX_LIST(0xC004_AE02L),
  KVM_CHECK_EXTENSION(0xAE03),
  KVM_GET_VCPU_MMAP_SIZE(0xAE04),
  KVM_GET_SUPPORTED_CPUID(0xC008_AE05L),
  KVM_CREATE_VCPU(0xAE41),
  KVM_GET_DIRTY_LOG(0x4010_AE42L),
  KVM_SET_USER_MEMORY_REGION(0x4020_AE46L),
  KVM_SET_TSS_ADDR(0xAE47),
  KVM_RUN(0xAE80),
  KVM_GET_REGS(0x8090_AE81L),
  KVM_SET_REGS(0x4090_AE82L),
  KVM_GET_SREGS(0x8138_AE83L),
  KVM_SET_SREGS(0x4138_AE84L),
  KVM_INTERRUPT(0x4004_AE86L),
  KVM_GET_MSRS(0xC008_AE88L),
  KVM_SET_MSRS(0x4008_AE89L),
  KVM_SET_CPUID2(0x4008_AE90L),
  KVM_GET_VCPU_EVENTS(0x8040_AE9FL),
  KVM_SET_VCPU_EVENTS(0x4040_AEA0L),
  KVM_GET_DEBUGREGS(0x8080_AEA1L),
  KVM_SET_DEBUGREGS(0x4080_AEA2L),
  KVM_GET_XSAVE(0x9000_AEA4L),
  KVM_SET_XSAVE(0x5000_AEA5L),
  KVM_GET_XCRS(0x8188_AEA6L),
  KVM_SET_XCRS(0x4188_AEA7L);

  private final long number;

  KvmRequest(long number) {
    this.number = number;
  }

  long number() {
    return number;
  }

  /** Returns the size of the structure in bytes, as the number has it. */
  int size() {
    return (int) (number >>> 16 & 0x3fff);
  }
}
