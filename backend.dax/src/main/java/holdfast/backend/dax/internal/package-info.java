/** The allocator for persistent memory. */
@NullMarked
package holdfast.backend.dax.internal;

import org.jspecify.annotations.NullMarked;
