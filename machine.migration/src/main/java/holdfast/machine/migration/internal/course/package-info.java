/** What the outgoing and the incoming side of a migration have in common. */
@NullMarked
package holdfast.machine.migration.internal.course;

import org.jspecify.annotations.NullMarked;
