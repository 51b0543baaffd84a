/** The component that opens the socket. */
@NullMarked
package holdfast.monitor.qmp.internal;

import org.jspecify.annotations.NullMarked;
