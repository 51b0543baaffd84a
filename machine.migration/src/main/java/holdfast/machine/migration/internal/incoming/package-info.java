/** Takes in a machine's guest. */
@NullMarked
package holdfast.machine.migration.internal.incoming;

import org.jspecify.annotations.NullMarked;
