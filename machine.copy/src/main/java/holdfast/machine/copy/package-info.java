/**
 * Copies memory that is being written: who dirtied what ({@link
 * holdfast.machine.copy.DirtySource}), round after round ({@link
 * holdfast.machine.copy.PreCopyLoop}), and at last while all writers pause ({@link
 * holdfast.machine.copy.GuestWriters}).
 *
 * <p>Where the bytes go is the caller's: to another block, for a swap, or over a stream.
 */
@Export
@NullMarked
@Version("0.1.0")
package holdfast.machine.copy;

import org.jspecify.annotations.NullMarked;
import org.osgi.annotation.bundle.Export;
import org.osgi.annotation.versioning.Version;
