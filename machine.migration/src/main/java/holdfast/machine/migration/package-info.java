/** Moves a machine's guest to another machine while it runs, and takes one in. */
@Export
@NullMarked
@Version("0.1.0")
package holdfast.machine.migration;

import org.jspecify.annotations.NullMarked;
import org.osgi.annotation.bundle.Export;
import org.osgi.annotation.versioning.Version;
