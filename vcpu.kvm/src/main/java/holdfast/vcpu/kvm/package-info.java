/**
 * Guest CPUs that Linux' KVM runs, on x86-64: on the host's own CPUs, at their speed.
 *
 * <pre>{@code
 * try (Holdfast machine = Holdfast.open(options);
 *     KvmMachine kvm = KvmMachine.open(machine.memory());
 *     KvmVcpu cpu = kvm.vcpu("cpu0")) {
 *   cpu.setSystemRegisters(cpu.systemRegisters().with(…));
 *   cpu.setRegisters(Registers.ZERO.with(Register.RIP, entry));
 *   machine.addWriter(cpu.writer());
 *   VcpuExit exit = cpu.run();
 *   …
 * }
 * }</pre>
 *
 * <p>{@link holdfast.vcpu.kvm.KvmMachine} holds the guest's memory, in slots that follow the
 * machine's devices by themselves; {@link holdfast.vcpu.kvm.KvmVcpu} is a {@link
 * holdfast.vcpu.api.Vcpu} with typed registers ({@link holdfast.vcpu.kvm.Registers}, {@link
 * holdfast.vcpu.kvm.SystemRegisters}).
 *
 * <p><b>Who stores into guest memory.</b> The guest's CPUs, by any instruction, and their page
 * walks (accessed and dirty bits). Of KVM's own devices: its clock, stolen time and asynchronous
 * page faults, where a guest turns them on; they store through the process's addresses, so that the
 * kernel's tracking sees them, and KVM's log has them. All of these are over when {@code KVM_RUN}
 * has returned, and so the vCPU's writer pauses them. An irqfd, an ioeventfd, the ring of coalesced
 * MMIO and the page that {@code KVM_RUN} shares store into no guest memory. What an emulator adds
 * itself does, and is a writer of its own: vhost (in a thread of the kernel's, through the
 * process's addresses) and VFIO (by hardware, into pinned pages, which no tracking sees).
 *
 * <p>There is no interrupt controller in KVM here: {@code hlt} is an exit, and interrupts come by
 * {@link holdfast.vcpu.kvm.KvmVcpu#inject}.
 */
@Export
@NullMarked
@Version("0.1.0")
package holdfast.vcpu.kvm;

import org.jspecify.annotations.NullMarked;
import org.osgi.annotation.bundle.Export;
import org.osgi.annotation.versioning.Version;
