/**
 * The notes that say, after a crash, which of a swap's two files is the valid one.
 *
 * <p>Reading order: {@link holdfast.machine.swap.internal.journal.Marker} (the content of a note),
 * {@link holdfast.machine.swap.internal.journal.MarkerJson} (its format), {@link
 * holdfast.machine.swap.internal.journal.Note} (its path, and when it is trusted), {@link
 * holdfast.machine.swap.internal.journal.Refusal} (its consequences for a start), {@link
 * holdfast.machine.swap.internal.journal.NewNote} (how only one of two swaps to a file begins),
 * {@link holdfast.machine.swap.internal.journal.SwapJournal} (the steps of a swap), {@link
 * holdfast.machine.swap.internal.journal.ImageNotes} (what is left to whoever comes later).
 */
@NullMarked
package holdfast.machine.swap.internal.journal;

import org.jspecify.annotations.NullMarked;
