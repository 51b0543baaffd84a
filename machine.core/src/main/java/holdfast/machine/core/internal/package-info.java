/** What all of the machine's core uses: how those who observe it are called. */
@NullMarked
package holdfast.machine.core.internal;

import org.jspecify.annotations.NullMarked;
