/** What tells after a crash which of a swap's two files is the good one. */
@NullMarked
package holdfast.launcher.internal.journal;

import org.jspecify.annotations.NullMarked;
