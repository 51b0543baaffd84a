/**
 * A machine's memory: its regions, the guest's address space, and their life from start to end.
 *
 * <p>A {@link holdfast.machine.core.Machine} is made from a {@link
 * holdfast.machine.config.MachineSpec} and the allocators that there are ({@link
 * holdfast.machine.core.Candidates}): all of it or nothing. Each {@link
 * holdfast.machine.core.Backend} has a {@link holdfast.machine.core.Region}, which keeps its
 * address and its bytes for the life of the machine, whichever allocator serves it. No OSGi here:
 * the framework's services, and its configurations, are the launcher's to bring.
 */
@Export
@NullMarked
@Version("0.1.0")
package holdfast.machine.core;

import org.jspecify.annotations.NullMarked;
import org.osgi.annotation.bundle.Export;
import org.osgi.annotation.versioning.Version;
