/** The parts of the mapper. */
@NullMarked
package holdfast.backend.mmap.internal;

import org.jspecify.annotations.NullMarked;
