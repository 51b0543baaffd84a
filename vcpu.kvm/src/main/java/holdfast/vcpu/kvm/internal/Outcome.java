package holdfast.vcpu.kvm.internal;

import holdfast.machine.api.GuestAddress;
import holdfast.vcpu.api.VcpuExit;

/** What came of one {@code KVM_RUN}, without anything of the page that it shared. */
sealed interface Outcome {

  /** The guest left for an exit that needs no look at memory. */
  record Exit(VcpuExit exit) implements Outcome {}

  /** It stores to where KVM has no memory, or none that can be stored to. */
  record Store(GuestAddress address, int width, long value) implements Outcome {}

  /** It loads from where KVM has no memory. */
  record Load(GuestAddress address, int width, Reply reply) implements Outcome {}

  /** It left for a signal, or for nothing that concerns the emulator. */
  record Left() implements Outcome {}

  /**
   * KVM could not reach the host's memory.
   *
   * @param address the guest address, or -1 if it is not known
   * @param error KVM's answer
   */
  record Unreachable(long address, String error, int code) implements Outcome {}
}
