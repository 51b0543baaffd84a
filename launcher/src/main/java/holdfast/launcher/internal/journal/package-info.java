/**
 * What tells after a crash which of a swap's two files is the good one.
 *
 * <p>Reading order: {@link holdfast.launcher.internal.journal.Marker} (what a note says), {@link
 * holdfast.launcher.internal.journal.MarkerJson} (how), {@link
 * holdfast.launcher.internal.journal.Note} (where it stands and when it is believed), {@link
 * holdfast.launcher.internal.journal.Refusal} (what follows for a start), {@link
 * holdfast.launcher.internal.journal.NewNote} (how one of two swaps to a file comes first), {@link
 * holdfast.launcher.internal.journal.SwapJournal} (the steps of a swap).
 */
@NullMarked
package holdfast.launcher.internal.journal;

import org.jspecify.annotations.NullMarked;
