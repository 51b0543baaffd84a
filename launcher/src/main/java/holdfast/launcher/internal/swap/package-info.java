/**
 * Live swaps: the bytes of a region move to another backing while writers run. A {@link
 * holdfast.launcher.internal.swap.SwapRequest} says what is wanted and what can come of it, a
 * {@link holdfast.launcher.internal.swap.SwapTask} does it phase by phase, a {@link
 * holdfast.launcher.internal.journal.SwapJournal} keeps on disk which of the two files is the good
 * one.
 */
@NullMarked
package holdfast.launcher.internal.swap;

import org.jspecify.annotations.NullMarked;
