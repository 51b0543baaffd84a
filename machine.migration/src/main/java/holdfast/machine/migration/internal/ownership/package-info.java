/**
 * The notes that say, after a crash, on which side of a migration a memory backend's file is the
 * good one: the source's, which the guest was leaving, or the destination's.
 *
 * <p>The two sides share no file system, so the source decides alone, by one change of one note,
 * and proves it: it makes a random {@link holdfast.machine.migration.internal.ownership.Proof} and
 * sends its digest first. Until it has committed, nobody else knows the proof itself. Who has it
 * knows that the guest has left the source.
 *
 * <table>
 * <caption>What the notes say, in the order of a migration</caption>
 * <tr><th>source: deciding file</th><th>source: others</th><th>destination</th><th>good</th></tr>
 * <tr><td>none</td><td>none</td><td>incoming</td><td>source's</td></tr>
 * <tr><td>none</td><td>leaving</td><td>received</td><td>source's</td></tr>
 * <tr><td>moved</td><td>leaving, moved</td><td>received</td><td>destination's; refused until it is
 * told the proof</td></tr>
 * <tr><td>moved</td><td>moved</td><td>none</td><td>destination's</td></tr>
 * </table>
 *
 * <p>Reading order: {@link holdfast.machine.migration.internal.ownership.Note} (what a note says),
 * {@link holdfast.machine.migration.internal.ownership.NoteJson} (its format), {@link
 * holdfast.machine.migration.internal.ownership.ImageNote} (its path, and when it is trusted),
 * {@link holdfast.machine.migration.internal.ownership.Verdict} (what one note makes of another),
 * {@link holdfast.machine.migration.internal.ownership.Refusal} (what follows for a start), {@link
 * holdfast.machine.migration.internal.ownership.SourceNotes} and {@link
 * holdfast.machine.migration.internal.ownership.DestinationNotes} (the steps of each side), {@link
 * holdfast.machine.migration.internal.ownership.MigrationNotes} (what is left to whoever comes
 * later).
 */
@NullMarked
package holdfast.machine.migration.internal.ownership;

import org.jspecify.annotations.NullMarked;
