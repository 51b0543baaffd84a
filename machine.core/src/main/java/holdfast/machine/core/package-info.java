/**
 * A machine's memory: its regions, the guest's address space, and their life from start to end.
 *
 * <p>A {@link holdfast.machine.core.Machine} is made from a {@link
 * holdfast.machine.config.MachineSpec} and the available allocators ({@link
 * holdfast.machine.core.Candidates}), completely or not at all. Each {@link
 * holdfast.machine.core.Backend} has a {@link holdfast.machine.core.Region}, which keeps its
 * address and its bytes for the life of the machine, whichever allocator serves it; whoever changes
 * it holds its {@link holdfast.machine.core.RegionLease}. Memory backends and devices come and go
 * while the machine is open; {@link holdfast.machine.core.MachineOperations} is the operator's
 * service that does it, and {@link holdfast.machine.core.AdminEvents} tells of it. {@link
 * holdfast.machine.core.Holdfast} opens a machine without OSGi. This package doesn't use OSGi: the
 * launcher brings the framework's services and configurations.
 */
@Export
@NullMarked
@Version("0.1.0")
package holdfast.machine.core;

import org.jspecify.annotations.NullMarked;
import org.osgi.annotation.bundle.Export;
import org.osgi.annotation.versioning.Version;
