/** The clients: what each may do by now, and how what they are told gets to them. */
@NullMarked
package holdfast.monitor.qmp.internal.server;

import org.jspecify.annotations.NullMarked;
