/**
 * What an emulator sees of its guest memory: which bytes stand at which guest physical address, and
 * what is known about them.
 *
 * <p>Reading order: {@link holdfast.machine.api.GuestAddress} and {@link
 * holdfast.machine.api.GuestRange} (the words; an offset is a plain {@code long} and never a guest
 * address), {@link holdfast.machine.api.MemoryRegion} (the bytes of one memory backend), {@link
 * holdfast.machine.api.MemoryDevice} (those bytes at a guest address), {@link
 * holdfast.machine.api.GuestMemory} (all devices of a machine), {@link
 * holdfast.machine.api.GuestMemoryListener} (what changes). Every refused access is a {@link
 * holdfast.machine.api.GuestMemoryException} of its own type.
 *
 * <p>No goals of this package: device registers (MMIO and port I/O; an address without memory is
 * the emulator's), virtual CPUs and their page tables, a log of written pages, and the making of
 * machines: these interfaces are implemented by Holdfast alone.
 */
@Export
@NullMarked
@Version("0.1.0")
package holdfast.machine.api;

import org.jspecify.annotations.NullMarked;
import org.osgi.annotation.bundle.Export;
import org.osgi.annotation.versioning.Version;
