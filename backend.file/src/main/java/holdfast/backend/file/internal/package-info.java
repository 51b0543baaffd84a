/** The allocator for ordinary files and plain memory. */
@NullMarked
package holdfast.backend.file.internal;

import org.jspecify.annotations.NullMarked;
