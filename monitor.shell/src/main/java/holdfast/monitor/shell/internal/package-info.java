/**
 * The shell commands, for Felix Gogo. Each reads its words, calls the operator's service, and
 * answers with text.
 */
@NullMarked
package holdfast.monitor.shell.internal;

import org.jspecify.annotations.NullMarked;
