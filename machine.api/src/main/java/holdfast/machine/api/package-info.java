/**
 * Guest memory as an emulator sees it: which bytes are at which guest physical address, how durable
 * they are, and how they are moved to another backing.
 *
 * <p>Reading order: {@link holdfast.machine.api.GuestAddress} and {@link
 * holdfast.machine.api.GuestRange} (the terms; an offset is a plain {@code long} and never a guest
 * address), {@link holdfast.machine.api.MemoryRegion} (the bytes of one memory backend), {@link
 * holdfast.machine.api.MemoryDevice} (those bytes at a guest address), {@link
 * holdfast.machine.api.GuestMemory} (all devices of a machine), {@link
 * holdfast.machine.api.GuestMemoryListener} (changes); then live swaps: {@link
 * holdfast.machine.api.GuestWriter}, {@link holdfast.machine.api.RegionWriter} and {@link
 * holdfast.machine.api.DirtyLog} (code that stores), {@link holdfast.machine.api.LiveSwap} (the
 * service), {@link holdfast.machine.api.SwapLimits}, {@link holdfast.machine.api.SwapPlan}, {@link
 * holdfast.machine.api.RunningSwap} and {@link holdfast.machine.api.SwapReport}. Every refused
 * access throws a {@link holdfast.machine.api.GuestMemoryException} of its own type. {@link
 * holdfast.machine.api.GuestControl} carries an operator's requests to the guest.
 *
 * <p>An emulator implements {@link holdfast.machine.api.GuestWriter} or {@link
 * holdfast.machine.api.RegionWriter}, {@link holdfast.machine.api.DirtyLog}, {@link
 * holdfast.machine.api.GuestMemoryListener} and {@link holdfast.machine.api.GuestControl}; Holdfast
 * alone implements the other interfaces.
 *
 * <p>Not part of this package: device registers (MMIO and port I/O; an address without memory is
 * the emulator's), virtual CPUs and their page tables, and the making of machines.
 */
@Export
@NullMarked
@Version("0.1.0")
package holdfast.machine.api;

import org.jspecify.annotations.NullMarked;
import org.osgi.annotation.bundle.Export;
import org.osgi.annotation.versioning.Version;
