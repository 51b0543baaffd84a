/** What two machines of Holdfast say to each other when a guest migrates. */
@NullMarked
package holdfast.machine.migration.internal.peer;

import org.jspecify.annotations.NullMarked;
