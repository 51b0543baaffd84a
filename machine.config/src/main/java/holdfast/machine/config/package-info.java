/**
 * What can be asked for: the machine, its memory backends and its devices, as typed specs.
 *
 * <p>Text becomes values here and nowhere else: {@link holdfast.machine.config.BackendDefinitions},
 * {@link holdfast.machine.config.DeviceDefinitions} and {@link
 * holdfast.machine.config.MachineDefinition} define which properties there are, with QEMU's names,
 * defaults and verdicts; the package {@code options} reads them, in QEMU's syntaxes or from a
 * configuration. What comes of it is a {@link holdfast.machine.config.MachineSpec}. Nothing is
 * opened, made or looked at here, but for the question whether a path names a folder.
 *
 * <p>All types are immutable.
 */
@Export
@NullMarked
@Version("0.1.0")
package holdfast.machine.config;

import org.jspecify.annotations.NullMarked;
import org.osgi.annotation.bundle.Export;
import org.osgi.annotation.versioning.Version;
