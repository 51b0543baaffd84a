/** The commands: each takes the members that its definition names, and asks the machine. */
@NullMarked
package holdfast.monitor.qmp.internal.command;

import org.jspecify.annotations.NullMarked;
