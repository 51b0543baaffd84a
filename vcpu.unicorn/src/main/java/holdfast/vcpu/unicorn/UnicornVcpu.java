package holdfast.vcpu.unicorn;

import holdfast.machine.api.DeviceState;
import holdfast.machine.api.GuestMemory;
import holdfast.machine.api.GuestRange;
import holdfast.machine.api.GuestWriter;
import holdfast.vcpu.api.Vcpu;
import holdfast.vcpu.api.VcpuException;
import holdfast.vcpu.api.VcpuExit;
import holdfast.vcpu.api.engine.GatedWriter;
import holdfast.vcpu.unicorn.internal.RegisterState;
import holdfast.vcpu.unicorn.internal.VcpuCore;
import java.time.Duration;
import java.util.Optional;

/**
 * A CPU of the guest that Unicorn emulates.
 *
 * <p><b>One guest, one vCPU.</b> Atomic instructions are atomic towards pauses and swaps, and not
 * towards other vCPUs on the same memory.
 *
 * <p><b>Interrupts are the emulator's.</b> Unicorn looks up no table of the guest's: an exception
 * or a system call is {@link VcpuExit.Trap}, with x86's vector, RISC-V's cause or, for ARM64,
 * QEMU's number of it (1 undefined instruction, 2 {@code svc}). x86's {@code syscall}, which has no
 * vector, is {@link #TRAP_SYSCALL} and changes no register; {@code sysenter} is an invalid
 * instruction on the CPU that Unicorn 2.0 has (AMD's), and {@link #TRAP_SYSENTER} on one that has
 * it. Of a fault the program counter is at the instruction, of a call behind it.
 *
 * <p><b>Device registers.</b> The exit of a load comes before its instruction is done, and the
 * registers are those before it; that of a store comes when it is done. After a read of a port the
 * register is written by the next {@link #run}. x86's {@code ins} is not supported, and ends the
 * guest.
 *
 * <p>An access across the edge of a device of memory has its part there, and the rest is an exit.
 * Where a load that begins in memory is not the first exit of its instruction, its width may be
 * that of the whole access; what lies behind its end is ignored in the answer.
 */
public final class UnicornVcpu implements Vcpu {
  /** The number of the {@link VcpuExit.Trap} of x86's {@code syscall}. */
  public static final int TRAP_SYSCALL = 0x100;

  /** The number of the {@link VcpuExit.Trap} of x86's {@code sysenter}, where the CPU has it. */
  public static final int TRAP_SYSENTER = 0x101;

  private static final Duration LEAVES = Duration.ofSeconds(10);

  private final String name;
  private final VcpuCore core;
  private final GuestWriter writer;
  private final DeviceState state;

  private UnicornVcpu(String name, VcpuCore core) {
    this.name = name;
    this.core = core;
    this.writer = new GatedWriter(name, core.gate(), core::settle, Optional.empty());
    this.state = new RegisterState(name, core);
  }

  /**
   * Makes a vCPU whose registers are those after a reset; set the program counter before the first
   * {@link #run}.
   *
   * @throws holdfast.vcpu.api.EngineMissingException if Unicorn is not installed
   * @throws holdfast.vcpu.api.EngineLackingException if it is not version 2, or this host is not
   *     Linux on x86-64
   * @throws VcpuException if it can't be made for another reason; nothing is left behind
   */
  public static UnicornVcpu open(GuestMemory memory, Architecture architecture, String name)
      throws VcpuException {
    return new UnicornVcpu(name, new VcpuCore(memory, architecture));
  }

  @Override
  public String name() {
    return name;
  }

  /** Returns what the CPU is. */
  public Architecture architecture() {
    return core.architecture();
  }

  @Override
  public VcpuExit run() {
    return core.run();
  }

  @Override
  public void interrupt() {
    core.gate().interrupt();
  }

  /**
   * {@inheritDoc}
   *
   * <p>All code is translated again after it, which {@link #store(GuestRange, Runnable)} spares.
   */
  @Override
  public void store(Runnable stores) {
    try {
      core.gate().store(stores);
    } finally {
      core.codeChanged(); // it may have stored before it failed
    }
  }

  @Override
  public void store(GuestRange range, Runnable stores) {
    try {
      core.gate().store(stores);
    } finally {
      core.codeChanged(range);
    }
  }

  /**
   * Tells that the bytes of a range, which may be code, were changed by stores that are not this
   * vCPU's own, nor within its {@link #store}: what was translated of them before would go on
   * running. A disk that reads into guest memory calls it for what it read. A swap or a re-map
   * changes no byte and needs no telling.
   *
   * <p>Any thread may call it. It costs the vCPU about 10 µs for each MiB.
   *
   * @param range may be of several devices, and reach where no memory is
   */
  public void codeChanged(GuestRange range) {
    core.codeChanged(range);
  }

  /**
   * Reads a register: of a wider one, the low 64 bits.
   *
   * @throws IllegalArgumentException if it is another architecture's
   * @throws IllegalStateException if the vCPU is closed, or the guest's code is not left within 10
   *     s
   */
  public long read(Register register) {
    check(register);
    long[] value = new long[1];
    outside(() -> value[0] = core.read(register));
    return value[0];
  }

  /**
   * Writes a register: of a wider one, the low 64 bits, and 0 into the others.
   *
   * @throws IllegalArgumentException if it is another architecture's
   * @throws IllegalStateException if the vCPU is closed, or the guest's code is not left within 10
   *     s
   */
  public void write(Register register, long value) {
    check(register);
    outside(() -> core.write(register, value));
  }

  private void check(Register register) {
    if (!core.architecture().registers().contains(register)) {
      throw new IllegalArgumentException(
          "register " + register.name() + " is none of " + core.architecture().label());
    }
  }

  private void outside(Runnable access) {
    if (!core.gate().outside(LEAVES, access)) {
      throw new IllegalStateException("the guest has not left its code for " + LEAVES);
    }
  }

  @Override
  public GuestWriter writer() {
    return writer;
  }

  @Override
  public DeviceState state() {
    return state;
  }

  @Override
  public void close() {
    core.close();
  }
}
