/**
 * The {@code ram:} commands for doors that have words and no shell, such as a monitor: the same
 * commands, which answer with the same text.
 *
 * <p>A command takes words and either answers or is refused with one sentence. All types are
 * thread-safe.
 */
@Export
@NullMarked
@Version("0.1.0")
package holdfast.monitor.shell.command;

import org.jspecify.annotations.NullMarked;
import org.osgi.annotation.bundle.Export;
import org.osgi.annotation.versioning.Version;
