/** The bytes of QMP: where a message ends, and JSON in both directions. */
@NullMarked
package holdfast.monitor.qmp.internal.wire;

import org.jspecify.annotations.NullMarked;
