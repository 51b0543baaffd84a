/**
 * What tells after a crash which of a swap's two files is the good one.
 *
 * <p>Reading order: {@link holdfast.machine.swap.internal.journal.Marker} (what a note says),
 * {@link holdfast.machine.swap.internal.journal.MarkerJson} (how), {@link
 * holdfast.machine.swap.internal.journal.Note} (where it stands and when it is believed), {@link
 * holdfast.machine.swap.internal.journal.Refusal} (what follows for a start), {@link
 * holdfast.machine.swap.internal.journal.NewNote} (how one of two swaps to a file comes first),
 * {@link holdfast.machine.swap.internal.journal.SwapJournal} (the steps of a swap).
 */
@NullMarked
package holdfast.machine.swap.internal.journal;

import org.jspecify.annotations.NullMarked;
