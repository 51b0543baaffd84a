/**
 * QEMU's machine protocol: the door for programs. A client connects to a UNIX socket, negotiates,
 * and from then on sends commands and is told of events, each one JSON object.
 *
 * <p>Who may connect may do everything: the mode of the socket is the only guard.
 */
@NullMarked
@Version("0.1.0")
package holdfast.monitor.qmp;

import org.jspecify.annotations.NullMarked;
import org.osgi.annotation.versioning.Version;
