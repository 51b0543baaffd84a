/** Sends a machine's RAM away while its guest writers store into it. */
@NullMarked
package holdfast.machine.migration.internal.outgoing;

import org.jspecify.annotations.NullMarked;
