/**
 * QEMU's option grammar: keyval, QemuOpts and JSON texts, configurations, and the help that is made
 * from the same definitions.
 *
 * <p>A property is defined once ({@link holdfast.machine.config.options.PropertyDefinition}): what
 * it is called, what its values are, what it means to leave it out. From that follow how it is
 * read, printed, explained and refused.
 */
@Export
@NullMarked
@Version("0.1.0")
package holdfast.machine.config.options;

import org.jspecify.annotations.NullMarked;
import org.osgi.annotation.bundle.Export;
import org.osgi.annotation.versioning.Version;
