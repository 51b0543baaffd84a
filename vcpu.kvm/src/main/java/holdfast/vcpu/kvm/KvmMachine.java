package holdfast.vcpu.kvm;

import holdfast.host.linux.HostLibc;
import holdfast.machine.api.GuestMemory;
import holdfast.vcpu.api.NoVcpuLeftException;
import holdfast.vcpu.api.VcpuException;
import holdfast.vcpu.api.engine.AccessFinder;
import holdfast.vcpu.api.engine.MemoryFollower;
import holdfast.vcpu.kvm.internal.Kvm;
import holdfast.vcpu.kvm.internal.KvmCpu;
import holdfast.vcpu.kvm.internal.KvmSlots;
import java.util.ArrayList;
import java.util.List;

/**
 * A machine of KVM over guest memory. Its memory slots are the memory's devices, from when it is
 * opened until it is closed: what is plugged gets a slot, what is unplugged, or has failed, loses
 * it; a swap and a re-map keep the host addresses, and with them the slots.
 *
 * <p>Three pages from guest address 0xfffbd000 on are KVM's own (for the real mode of Intel's
 * CPUs), and no device can be there. Thread-safe.
 */
public final class KvmMachine implements AutoCloseable {
  private final Kvm kvm;
  private final int vm;
  private final KvmSlots slots;
  private final MemoryFollower follower;
  private final AccessFinder finder;
  private final GuestMemory memory;
  private final List<KvmVcpu> vcpus = new ArrayList<>();
  private final int limit;
  private int made;
  private boolean closed;

  private KvmMachine(
      Kvm kvm, int vm, int limit, KvmSlots slots, MemoryFollower follower, GuestMemory memory) {
    this.kvm = kvm;
    this.vm = vm;
    this.limit = limit;
    this.slots = slots;
    this.follower = follower;
    this.memory = memory;
    this.finder = new AccessFinder(memory, follower);
  }

  /**
   * Opens KVM, and shows it all devices of {@code memory}.
   *
   * @throws holdfast.vcpu.api.EngineMissingException if this host has no {@code /dev/kvm}
   * @throws holdfast.vcpu.api.EngineRefusedException if this process may not open it
   * @throws holdfast.vcpu.api.NoSlotLeftException if there are more devices than slots
   * @throws VcpuException if it can't be had for another reason; nothing is left behind
   */
  public static KvmMachine open(GuestMemory memory) throws VcpuException {
    Kvm kvm;
    try {
      kvm = Kvm.open(HostLibc.instance(), HostLibc.vmm());
    } catch (UnsupportedOperationException e) {
      throw new holdfast.vcpu.api.EngineMissingException(
          Kvm.NAME, "Linux", "run the guest with another engine");
    }
    try {
      return open(kvm, kvm.slots(), kvm.vcpus(), memory);
    } catch (VcpuException | RuntimeException | Error e) {
      kvm.close();
      throw e;
    }
  }

  static KvmMachine open(Kvm kvm, int limit, GuestMemory memory) throws VcpuException {
    return open(kvm, limit, kvm.vcpus(), memory);
  }

  static KvmMachine open(Kvm kvm, int limit, int vcpus, GuestMemory memory) throws VcpuException {
    int vm = kvm.createVm();
    try {
      KvmSlots slots = new KvmSlots(kvm, vm, limit);
      return new KvmMachine(kvm, vm, vcpus, slots, MemoryFollower.open(memory, slots), memory);
    } catch (VcpuException | RuntimeException | Error e) {
      kvm.close(vm);
      throw e;
    }
  }

  /**
   * Makes a vCPU, with all that this CPU and this KVM can do, in the state after a reset. KVM takes
   * no vCPU back before its machine is closed: keep one that is not needed for a while, rather than
   * to close it and make another.
   *
   * @param name such as {@code cpu0}; the same on both sides of a migration
   * @throws NoVcpuLeftException if the machine has made as many as KVM allows, closed ones included
   * @throws VcpuException if KVM makes no more
   * @throws IllegalStateException if the machine is closed
   */
  public synchronized KvmVcpu vcpu(String name) throws VcpuException {
    if (closed) {
      throw new IllegalStateException("the machine is closed");
    }
    if (made >= limit) {
      throw new NoVcpuLeftException(
          Kvm.NAME,
          name,
          limit,
          "KVM takes none back: keep vCPUs instead of closing them, or close this machine and open"
              + " a new one");
    }
    KvmCpu cpu = KvmCpu.create(kvm, vm, made++, name);
    KvmVcpu vcpu = new KvmVcpu(cpu, memory, finder, slots);
    vcpus.add(vcpu);
    return vcpu;
  }

  /** Ends all vCPUs, and gives up the memory. Does nothing if it is closed. */
  @Override
  public void close() {
    List<KvmVcpu> all;
    synchronized (this) {
      if (closed) {
        return;
      }
      closed = true;
      all = List.copyOf(vcpus);
    }
    all.forEach(KvmVcpu::close);
    follower.close();
    kvm.close(vm);
    kvm.close();
  }
}
