package holdfast.vcpu.kvm.internal;

import holdfast.host.linux.Errno;
import holdfast.host.linux.ErrnoException;
import holdfast.host.linux.KernelConstants;
import holdfast.host.linux.Libc;
import holdfast.host.linux.VmmCalls;
import holdfast.host.linux.WakeSignal;
import holdfast.vcpu.api.EngineCallException;
import holdfast.vcpu.api.EngineLackingException;
import holdfast.vcpu.api.EngineMissingException;
import holdfast.vcpu.api.EngineRefusedException;
import holdfast.vcpu.api.VcpuException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.util.Set;
import java.util.concurrent.atomic.AtomicBoolean;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The open {@code /dev/kvm}, and how its requests are made. */
public final class Kvm implements AutoCloseable {
  /** The engine's name in messages. */
  public static final String NAME = "KVM";

  private static final Logger log = LoggerFactory.getLogger(Kvm.class);
  private static final String DEVICE = "/dev/kvm";
  private static final String OTHER_ENGINE = "or run the guest with another engine";

  // what KVM_CHECK_EXTENSION takes
  private static final int KVM_CAP_NR_VCPUS = 9;
  private static final int KVM_CAP_NR_MEMSLOTS = 10;
  static final int KVM_CAP_VCPU_EVENTS = 41;
  static final int KVM_CAP_DEBUGREGS = 50;
  static final int KVM_CAP_XSAVE = 55;
  static final int KVM_CAP_XCRS = 56;
  private static final int KVM_CAP_MAX_VCPUS = 66;
  private static final int KVM_CAP_READONLY_MEM = 81;
  private static final int KVM_CAP_MAX_VCPU_ID = 128;
  private static final int KVM_CAP_IMMEDIATE_EXIT = 136;

  /** Three pages below 4 GiB that Intel's CPUs need for real mode, and no PC has RAM at. */
  private static final long TSS_ADDRESS = 0xfffb_d000L;

  private final Libc libc;
  private final VmmCalls vmm;
  private final WakeSignal signal;
  private final int device;
  private final AtomicBoolean closed = new AtomicBoolean();

  private Kvm(Libc libc, VmmCalls vmm, WakeSignal signal, int device) {
    this.libc = libc;
    this.vmm = vmm;
    this.signal = signal;
    this.device = device;
  }

  /** Opens the device, and looks whether this KVM has what is needed. */
  public static Kvm open(Libc libc, VmmCalls vmm) throws VcpuException {
    String architecture = System.getProperty("os.arch");
    if (!Set.of("amd64", "x86_64").contains(architecture)) {
      throw new EngineLackingException(
          NAME, "CPU of x86-64 (this is " + architecture + ")", OTHER_ENGINE.substring(3));
    }
    int device;
    try {
      device =
          libc.open(Path.of(DEVICE), KernelConstants.O_RDWR | libc.constants().openCloexec(), 0);
    } catch (ErrnoException e) {
      throw refusal(e);
    }
    try {
      Kvm kvm = new Kvm(libc, vmm, WakeSignal.ofThisProcess(), device);
      kvm.require(KVM_CAP_READONLY_MEM, "KVM_CAP_READONLY_MEM");
      kvm.require(KVM_CAP_IMMEDIATE_EXIT, "KVM_CAP_IMMEDIATE_EXIT");
      return kvm;
    } catch (ErrnoException e) {
      close(libc, device);
      throw failure("vCPUs of this process", e);
    } catch (VcpuException | RuntimeException | Error e) {
      close(libc, device);
      throw e;
    }
  }

  private static VcpuException refusal(ErrnoException e) {
    String answer = e.errno().toString();
    return switch (e.errno().name()) {
      case "ENOENT", "ENXIO", "ENODEV" ->
          new EngineMissingException(
              NAME,
              DEVICE,
              "load kvm_intel or kvm_amd, where the firmware lets CPUs virtualize, "
                  + OTHER_ENGINE);
      case "EACCES", "EPERM" ->
          new EngineRefusedException(
              NAME, DEVICE, answer, "put this user into the group kvm, " + OTHER_ENGINE);
      default -> new EngineCallException(NAME, "open", DEVICE, e.errno().value(), answer, e);
    };
  }

  private void require(int capability, String name) throws VcpuException {
    if (has(capability) == 0) {
      throw new EngineLackingException(NAME, name, "use Linux 4.13 or later, " + OTHER_ENGINE);
    }
  }

  /** Returns what KVM_CHECK_EXTENSION says of a capability; 0 if there is none. */
  int has(int capability) throws VcpuException {
    return request(device, KvmRequest.KVM_CHECK_EXTENSION, capability, "capability " + capability);
  }

  /** Returns how many memory slots a machine has. */
  public int slots() throws VcpuException {
    return has(KVM_CAP_NR_MEMSLOTS);
  }

  /**
   * Returns how many vCPUs a machine can have in its life: KVM counts those that it has made, and
   * gives the number of one that was closed to no other.
   */
  public int vcpus() throws VcpuException {
    int most = has(KVM_CAP_MAX_VCPUS);
    if (most == 0) {
      most = Math.max(has(KVM_CAP_NR_VCPUS), 4); // what api.rst says to take then
    }
    int numbers = has(KVM_CAP_MAX_VCPU_ID);
    return numbers == 0 ? most : Math.min(most, numbers);
  }

  /** Makes a machine without memory and without vCPUs; returns its descriptor. */
  public int createVm() throws VcpuException {
    int vm = request(device, KvmRequest.KVM_CREATE_VM, 0, "a machine");
    try {
      request(vm, KvmRequest.KVM_SET_TSS_ADDR, TSS_ADDRESS, "a machine");
      return vm;
    } catch (VcpuException e) {
      close(vm);
      throw e;
    }
  }

  /** Returns the size of what {@code KVM_RUN} shares with its caller. */
  int runSize() throws VcpuException {
    return request(device, KvmRequest.KVM_GET_VCPU_MMAP_SIZE, 0, "a vCPU");
  }

  /** Gives a vCPU all that this KVM and this CPU can do. */
  void setCpuid(int vcpu, String purpose) throws VcpuException {
    // struct kvm_cpuid2: nent, padding, and entries of 40 bytes; this is more than any CPU has
    int entries = 256;
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment cpuid = arena.allocate(8 + entries * 40L, 8);
      cpuid.set(ValueLayout.JAVA_INT, 0, entries);
      request(device, KvmRequest.KVM_GET_SUPPORTED_CPUID, cpuid.address(), purpose);
      request(vcpu, KvmRequest.KVM_SET_CPUID2, cpuid.address(), purpose);
    }
  }

  /** Returns the numbers of the model-specific registers that hold a guest's state. */
  int[] stateMsrs() throws VcpuException {
    int room = 1024;
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment list = arena.allocate(4 + room * 4L, 8);
      list.set(ValueLayout.JAVA_INT, 0, room);
      request(
          device, KvmRequest.KVM_GET_MSR_INDEX_LIST, list.address(), "model-specific registers");
      int count = list.get(ValueLayout.JAVA_INT, 0);
      return list.asSlice(4, count * 4L).toArray(ValueLayout.JAVA_INT);
    }
  }

  /**
   * Makes a request.
   *
   * @param argument a number, or the address of the request's structure
   * @param purpose what it is for, for the message
   */
  int request(int fd, KvmRequest request, long argument, String purpose) throws VcpuException {
    try {
      return vmm.ioctl(fd, request.name(), request.number(), argument);
    } catch (ErrnoException e) {
      throw failure(purpose, e);
    }
  }

  static EngineCallException failure(String purpose, ErrnoException e) {
    return new EngineCallException(
        NAME, e.call(), purpose, e.errno().value(), e.errno().toString(), e);
  }

  VmmCalls vmm() {
    return vmm;
  }

  WakeSignal signal() {
    return signal;
  }

  /** Closes a descriptor that KVM made. */
  public void close(int fd) {
    close(libc, fd);
  }

  private static void close(Libc libc, int fd) {
    try {
      libc.close(fd);
    } catch (ErrnoException e) {
      log.warn("KVM: {}", e.sentence());
    }
  }

  /** Closes the device. Does nothing if it is closed. */
  @Override
  public void close() {
    if (closed.compareAndSet(false, true)) {
      close(device);
    }
  }

  /** Returns whether KVM could not reach memory of the host: of a lost page, or a failed one. */
  static boolean isMemory(ErrnoException e) {
    return e.is(Errno.EFAULT) || e.is(Errno.EHWPOISON);
  }
}
