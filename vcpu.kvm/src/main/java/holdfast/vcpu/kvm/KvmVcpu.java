package holdfast.vcpu.kvm;

import holdfast.machine.api.DeviceState;
import holdfast.machine.api.GuestAddress;
import holdfast.machine.api.GuestMemory;
import holdfast.machine.api.GuestRange;
import holdfast.machine.api.GuestWriter;
import holdfast.vcpu.api.Vcpu;
import holdfast.vcpu.api.VcpuException;
import holdfast.vcpu.api.VcpuExit;
import holdfast.vcpu.api.engine.AccessFinder;
import holdfast.vcpu.api.engine.GatedWriter;
import holdfast.vcpu.kvm.internal.KvmCpu;
import holdfast.vcpu.kvm.internal.KvmDeviceState;
import holdfast.vcpu.kvm.internal.KvmDirtyLog;
import holdfast.vcpu.kvm.internal.KvmLoop;
import holdfast.vcpu.kvm.internal.KvmSlots;
import java.time.Duration;
import java.util.Optional;

/**
 * A CPU of x86-64 that KVM runs.
 *
 * <p>Its {@link #writer} has KVM's dirty log, which names each page that any vCPU of its machine
 * stored into: so a swap can go on without the kernel's own tracking (before Linux 6.12.3, or
 * without the right to it), if all other writers have logs, too. Where the kernel tracks, both are
 * joined.
 *
 * <p>Its {@link #state} has all registers that KVM tells of: general, system, control, debug,
 * floating point and vector, model-specific, and what interrupts and exceptions are under way. It
 * can be loaded where the CPU and KVM are the same, or can do all that was in use.
 *
 * <p>{@link #registers} and the other methods for registers wait until the guest is outside its
 * code, for at most 10 s, and are for the time between two {@link #run}s. They complete the
 * instruction of the last exit first, if it got its answers. What sets registers throws {@link
 * IllegalStateException} while an answer is still to come, or an instruction has further exits,
 * since that instruction would overwrite them.
 *
 * <p>KVM's thread is stopped by a signal, so {@link #run} refuses virtual threads with an {@link
 * IllegalStateException}. Of a closed vCPU all that asks for something does so; its writer's pause
 * is reached at once.
 */
public final class KvmVcpu implements Vcpu {
  private static final Duration LIMIT = Duration.ofSeconds(10);
  private static final GuestRange EVERYWHERE = new GuestRange(GuestAddress.ZERO, GuestAddress.MAX);

  private final KvmCpu cpu;
  private final KvmLoop loop;
  private final GuestWriter writer;
  private final DeviceState state;

  KvmVcpu(KvmCpu cpu, GuestMemory memory, AccessFinder finder, KvmSlots slots) {
    this.cpu = cpu;
    this.loop = new KvmLoop(cpu, memory, finder, slots);
    KvmDirtyLog log = slots.newLog();
    this.writer = new GatedWriter(cpu.name(), loop.gate(), loop::settle, Optional.of(log));
    this.state = new KvmDeviceState(cpu, loop);
  }

  @Override
  public String name() {
    return cpu.name();
  }

  @Override
  public VcpuExit run() {
    return loop.run();
  }

  @Override
  public void interrupt() {
    loop.gate().interrupt();
  }

  @Override
  public void store(Runnable stores) {
    loop.store(EVERYWHERE, stores);
  }

  @Override
  public void store(GuestRange range, Runnable stores) {
    loop.store(range, stores);
  }

  @Override
  public GuestWriter writer() {
    return writer;
  }

  @Override
  public DeviceState state() {
    return state;
  }

  /**
   * Has the guest take an external interrupt as soon as it lets interrupts in: during the next
   * {@link #run}, or a later one. For the thread that runs this vCPU, between two runs; another one
   * makes that leave the guest with {@link #interrupt} first.
   *
   * @param vector its number, from 0 to 255
   * @return false if an earlier one still waits; then this one is not taken
   */
  public boolean inject(int vector) {
    if (vector < 0 || vector > 255) {
      throw new IllegalArgumentException("there is no interrupt " + vector);
    }
    return loop.inject(vector);
  }

  /** Something that is done while the guest is outside its code. */
  private interface Request<T> {
    T make() throws VcpuException;
  }

  private <T> T outside(Request<T> request) throws VcpuException {
    Answer<T> answer = new Answer<>(request);
    if (!loop.outside(LIMIT, answer)) {
      throw new IllegalStateException(
          "vCPU '"
              + cpu.name()
              + "' did not leave the guest's code within "
              + LIMIT.toSeconds()
              + " s");
    }
    return answer.get();
  }

  private static final class Answer<T> implements Runnable {
    private final Request<T> request;
    private Optional<T> answer = Optional.empty();
    private Optional<VcpuException> failure = Optional.empty();

    Answer(Request<T> request) {
      this.request = request;
    }

    @Override
    public void run() {
      try {
        answer = Optional.of(request.make());
      } catch (VcpuException e) {
        failure = Optional.of(e);
      }
    }

    T get() throws VcpuException {
      if (failure.isPresent()) {
        throw failure.get();
      }
      return answer.orElseThrow();
    }
  }

  /**
   * Returns the general registers: those behind the instruction of the last exit, or before it
   * while that waits for an answer.
   */
  public Registers registers() throws VcpuException {
    return outside(() -> new Registers(cpu.regs()));
  }

  /** Sets the general registers. */
  public void setRegisters(Registers registers) throws VcpuException {
    outside(
        () -> {
          loop.requireSettled();
          cpu.setRegs(registers.bytes());
          return true;
        });
  }

  /** Returns the system registers. */
  public SystemRegisters systemRegisters() throws VcpuException {
    return outside(() -> new SystemRegisters(cpu.sregs()));
  }

  /** Sets the system registers. */
  public void setSystemRegisters(SystemRegisters registers) throws VcpuException {
    outside(
        () -> {
          loop.requireSettled();
          cpu.setSregs(registers.bytes());
          return true;
        });
  }

  /**
   * Sets XCR0, which says what vector registers the guest may use: 3 for SSE, 7 for AVX too. CR4
   * must have OSXSAVE (bit 18) for the guest to use them.
   */
  public void setXcr0(long value) throws VcpuException {
    outside(
        () -> {
          loop.requireSettled();
          cpu.setXcr0(value);
          return true;
        });
  }

  @Override
  public void close() {
    if (loop.gate().close()) {
      cpu.close();
    }
  }
}
