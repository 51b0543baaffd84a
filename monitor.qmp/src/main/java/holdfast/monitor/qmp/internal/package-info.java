/**
 * QEMU's machine protocol: the door for programs. A client connects to a UNIX socket, negotiates,
 * and from then on sends commands and is told of events, each one JSON object.
 *
 * <p>Who may connect may do everything: the mode of the socket is the only guard.
 */
@NullMarked
package holdfast.monitor.qmp.internal;

import org.jspecify.annotations.NullMarked;
