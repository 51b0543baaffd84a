/**
 * The requested machine, memory backends and devices, as typed specs.
 *
 * <p>Only this package and its subpackage turn text into values. {@link
 * holdfast.machine.config.BackendDefinitions}, {@link holdfast.machine.config.DeviceDefinitions}
 * and {@link holdfast.machine.config.MachineDefinition} define the properties, with QEMU's names,
 * defaults and rules; the package {@code options} reads them, in QEMU's syntaxes or from a
 * configuration. The result is a {@link holdfast.machine.config.MachineSpec}. Nothing is opened,
 * created or examined here, except to find out whether a path names a folder.
 *
 * <p>All types are immutable, except {@link holdfast.machine.config.MachineOptions}.
 */
@Export
@NullMarked
@Version("0.1.0")
package holdfast.machine.config;

import org.jspecify.annotations.NullMarked;
import org.osgi.annotation.bundle.Export;
import org.osgi.annotation.versioning.Version;
