/** The command line: options to configurations, the answer to the operator, the exit status. */
@NullMarked
package holdfast.launcher.internal.cli;

import org.jspecify.annotations.NullMarked;
