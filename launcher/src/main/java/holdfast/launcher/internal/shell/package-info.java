/** The shell commands, for Felix Gogo. */
@NullMarked
package holdfast.launcher.internal.shell;

import org.jspecify.annotations.NullMarked;
