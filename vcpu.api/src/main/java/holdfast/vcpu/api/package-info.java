/**
 * CPUs that run real code in a machine's guest memory, whatever engine runs it (KVM, Unicorn).
 *
 * <p>An engine's own class opens it over a {@link holdfast.machine.api.GuestMemory} and makes
 * {@link holdfast.vcpu.api.Vcpu}s. From then on <b>memory follows by itself</b>: what is plugged,
 * unplugged, swapped or re-mapped is so for the guest, too. What is left for the emulator is a
 * loop:
 *
 * <pre>{@code
 * machine.addWriter(vcpu.writer());        // swaps, migrations and stop pause it
 * machine.addDeviceState(vcpu.state());    // its registers go with the guest
 * while (true) {
 *   switch (vcpu.run()) {                  // returns when the guest needs something
 *     case PortWrite out -> devices.out(out.port(), out.width(), out.value());
 *     case PortRead in -> in.answer(devices.in(in.port(), in.width()));
 *     case MmioWrite store -> devices.store(store.address(), store.width(), store.value());
 *     case MmioRead load -> load.answer(devices.load(load.address(), load.width()));
 *     case Halted _ -> devices.awaitInterrupt();
 *     case Interrupted _ -> {}             // somebody called vcpu.interrupt()
 *     case MemoryFault fault -> throw new GuestDied(fault);
 *     case Ended end -> throw new GuestDied(end);
 *   }
 * }
 * }</pre>
 *
 * <p><b>Pauses.</b> {@link holdfast.vcpu.api.Vcpu#writer} pauses the guest's code, and nothing else
 * of the emulator. A device model that stores into guest memory in the vCPU's thread does it within
 * {@link holdfast.vcpu.api.Vcpu#store}; one with threads of its own is a {@link
 * holdfast.machine.api.GuestWriter} of its own.
 *
 * <p><b>Reading order.</b> {@link holdfast.vcpu.api.Vcpu}, {@link holdfast.vcpu.api.VcpuExit} with
 * {@link holdfast.vcpu.api.MemoryFault} and {@link holdfast.vcpu.api.Ended}, and the causes of a
 * {@link holdfast.vcpu.api.VcpuException}. Holdfast alone implements these interfaces; who makes an
 * engine finds what all share in {@link holdfast.vcpu.api.engine}.
 *
 * <p>Not part of this package: interrupt controllers, timers and devices, which are the emulator's.
 */
@Export
@NullMarked
@Version("0.1.0")
package holdfast.vcpu.api;

import org.jspecify.annotations.NullMarked;
import org.osgi.annotation.bundle.Export;
import org.osgi.annotation.versioning.Version;
