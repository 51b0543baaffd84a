/**
 * Copies memory that is being written: finds what was dirtied ({@link
 * holdfast.machine.copy.DirtySource}), copies it round after round ({@link
 * holdfast.machine.copy.PreCopyLoop}), and copies the rest while all writers pause ({@link
 * holdfast.machine.copy.GuestWriters}).
 *
 * <p>The caller decides where the bytes go: to another block, for a swap, or over a stream.
 */
@Export
@NullMarked
@Version("0.1.0")
package holdfast.machine.copy;

import org.jspecify.annotations.NullMarked;
import org.osgi.annotation.bundle.Export;
import org.osgi.annotation.versioning.Version;
