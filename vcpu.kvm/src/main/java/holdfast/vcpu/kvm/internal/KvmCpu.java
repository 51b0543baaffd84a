package holdfast.vcpu.kvm.internal;

import holdfast.host.linux.ErrnoException;
import holdfast.vcpu.api.VcpuException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** A vCPU's descriptor, and the page that it shares. Whoever calls keeps others out meanwhile. */
public final class KvmCpu {
  private static final Logger log = LoggerFactory.getLogger(KvmCpu.class);

  private final Kvm kvm;
  private final int fd;
  private final String name;
  private final ByteBuffer shared;
  private final RunPage page;

  /** Whether the descriptor is no more: its number may be another file's by now. */
  private volatile boolean closed;

  private KvmCpu(Kvm kvm, int fd, String name, ByteBuffer shared) {
    this.kvm = kvm;
    this.fd = fd;
    this.name = name;
    this.shared = shared;
    this.page = new RunPage(shared);
  }

  /** Makes the vCPU of {@code vm} with the number {@code number}, with all that the CPU can do. */
  public static KvmCpu create(Kvm kvm, int vm, int number, String name) throws VcpuException {
    String purpose = "vCPU '" + name + "'";
    int fd = kvm.request(vm, KvmRequest.KVM_CREATE_VCPU, number, purpose);
    try {
      kvm.setCpuid(fd, purpose);
      return new KvmCpu(kvm, fd, name, kvm.vmm().map(fd, kvm.runSize()));
    } catch (ErrnoException e) {
      kvm.close(fd);
      throw Kvm.failure(purpose, e);
    } catch (VcpuException | RuntimeException | Error e) {
      kvm.close(fd);
      throw e;
    }
  }

  /** Returns the vCPU's name. */
  public String name() {
    return name;
  }

  Kvm kvm() {
    return kvm;
  }

  RunPage page() {
    return page;
  }

  /** KVM_RUN: returns when the page says why. */
  void run() throws ErrnoException {
    requireOpen();
    // SAFETY: the page is mapped until close, which comes when nobody runs this vCPU.
    kvm.vmm().ioctl(fd, KvmRequest.KVM_RUN.name(), KvmRequest.KVM_RUN.number(), 0);
  }

  /** KVM_INTERRUPT: the guest takes an interrupt at the next {@link #run}. */
  void interrupt(int vector) throws VcpuException {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment number = arena.allocate(4, 4);
      number.set(ValueLayout.JAVA_INT, 0, vector);
      request(KvmRequest.KVM_INTERRUPT, number.address());
    }
  }

  /** Makes a request that returns its structure. */
  byte[] get(KvmRequest request) throws VcpuException {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment structure = arena.allocate(request.size(), 8);
      request(request, structure.address());
      return structure.toArray(ValueLayout.JAVA_BYTE);
    }
  }

  /** Makes a request that takes its structure. */
  void set(KvmRequest request, byte[] structure) throws VcpuException {
    if (structure.length != request.size()) {
      throw new IllegalArgumentException(request + " takes " + request.size() + " bytes");
    }
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment copy = arena.allocate(request.size(), 8);
      MemorySegment.copy(structure, 0, copy, ValueLayout.JAVA_BYTE, 0, structure.length);
      request(request, copy.address());
    }
  }

  /** Makes a request whose structure is {@code argument}; returns what it returned. */
  int call(KvmRequest request, MemorySegment argument) throws VcpuException {
    return request(request, argument.address());
  }

  private int request(KvmRequest request, long argument) throws VcpuException {
    requireOpen();
    return kvm.request(fd, request, argument, purpose());
  }

  private void requireOpen() {
    if (closed) {
      throw new IllegalStateException(purpose() + " is closed");
    }
  }

  private String purpose() {
    return "vCPU '" + name + "'";
  }

  /** Returns a {@code struct kvm_regs}. */
  public byte[] regs() throws VcpuException {
    return get(KvmRequest.KVM_GET_REGS);
  }

  /** Sets a {@code struct kvm_regs}. */
  public void setRegs(byte[] regs) throws VcpuException {
    set(KvmRequest.KVM_SET_REGS, regs);
  }

  /** Returns a {@code struct kvm_sregs}. */
  public byte[] sregs() throws VcpuException {
    return get(KvmRequest.KVM_GET_SREGS);
  }

  /** Sets a {@code struct kvm_sregs}. */
  public void setSregs(byte[] sregs) throws VcpuException {
    set(KvmRequest.KVM_SET_SREGS, sregs);
  }

  /** Sets XCR0: which parts of the extended state the guest may use. */
  public void setXcr0(long value) throws VcpuException {
    byte[] xcrs = get(KvmRequest.KVM_GET_XCRS);
    // struct kvm_xcrs: how many, flags, and entries of number, padding and value
    ByteBuffer.wrap(xcrs)
        .order(ByteOrder.LITTLE_ENDIAN)
        .putInt(0, 1)
        .putInt(8, 0)
        .putLong(16, value);
    set(KvmRequest.KVM_SET_XCRS, xcrs);
  }

  /** Gives up the descriptor and the page, which nobody else uses any more. */
  public void close() {
    closed = true;
    page.close();
    try {
      kvm.vmm().unmap(shared);
    } catch (ErrnoException e) {
      log.warn("KVM: {}", e.sentence());
    }
    kvm.close(fd);
  }
}
