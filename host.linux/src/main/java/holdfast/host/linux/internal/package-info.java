/** The C library, called through JNA. */
@NullMarked
package holdfast.host.linux.internal;

import org.jspecify.annotations.NullMarked;
