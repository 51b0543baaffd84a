/**
 * What an operator sees of a machine and does to it. Every door (the shell, a monitor, a web page)
 * stands on this package and on nothing behind it.
 *
 * <p>Reading order: {@link holdfast.machine.admin.MachineAdmin} (the service), the records that it
 * answers with ({@link holdfast.machine.admin.MachineStatus}, {@link
 * holdfast.machine.admin.ObjectStatus}, {@link holdfast.machine.admin.DeviceStatus}, {@link
 * holdfast.machine.admin.AllocatorStatus}), the events ({@link holdfast.machine.admin.AdminEvent},
 * {@link holdfast.machine.admin.AdminListener}), and the refusals, one type for each cause ({@link
 * holdfast.machine.admin.AdminException}; swaps have {@link holdfast.machine.api.SwapException}
 * besides, as for an emulator). {@link holdfast.machine.admin.SwapWords} says in one way, in the
 * log and at every door, how a swap is doing, and {@link holdfast.machine.admin.MigrationWords} how
 * a migration is.
 *
 * <p>The words are QEMU's: an <i>object</i> is a memory backend, a <i>device</i> a {@code pc-dimm}
 * or an {@code nvdimm} on one. Values of properties are texts as on the command line.
 *
 * <p>An operator's door implements {@link holdfast.machine.admin.AdminListener} and registers a
 * {@link holdfast.machine.admin.Door}; Holdfast alone implements the other interfaces. All records
 * are immutable.
 */
@Export
@NullMarked
@Version("0.1.0")
package holdfast.machine.admin;

import org.jspecify.annotations.NullMarked;
import org.osgi.annotation.bundle.Export;
import org.osgi.annotation.versioning.Version;
