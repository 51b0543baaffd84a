/**
 * The command line: turns options into configurations, reports to the operator, and returns the
 * exit status.
 */
@NullMarked
package holdfast.launcher.internal.cli;

import org.jspecify.annotations.NullMarked;
