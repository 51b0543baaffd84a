/**
 * What an operator's service answers, as text for a terminal and as JSON: the same facts at every
 * door that shows them.
 *
 * <p>Owns the tables and lists of the shell and of {@code -probe}; whatever comes from outside,
 * such as a path, is shown with escapes for what a terminal would obey. All types are immutable,
 * except {@link holdfast.monitor.shell.report.Screen}, which one thread fills.
 */
@Export
@NullMarked
@Version("0.1.0")
package holdfast.monitor.shell.report;

import org.jspecify.annotations.NullMarked;
import org.osgi.annotation.bundle.Export;
import org.osgi.annotation.versioning.Version;
