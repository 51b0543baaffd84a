/**
 * QEMU's option grammar: keyval, QemuOpts and JSON texts, configurations, and the help that is made
 * from the same definitions.
 *
 * <p>A property is defined once ({@link holdfast.machine.config.options.PropertyDefinition}): its
 * name, its values, and the effect of leaving it out. How it is read, printed, explained and
 * refused follows from that.
 */
@Export
@NullMarked
@Version("0.1.0")
package holdfast.machine.config.options;

import org.jspecify.annotations.NullMarked;
import org.osgi.annotation.bundle.Export;
import org.osgi.annotation.versioning.Version;
