/**
 * Live swaps: moves a region's bytes to another backing, at the same addresses, while its writers
 * run, and evacuates a region whose memory failed.
 *
 * <p>At every moment one of the two backings is the valid one; after a crash, notes beside the
 * files say which. {@link holdfast.machine.swap.Swaps} plans, starts and remembers the swaps of one
 * machine.
 */
@Export
@NullMarked
@Version("0.1.0")
package holdfast.machine.swap;

import org.jspecify.annotations.NullMarked;
import org.osgi.annotation.bundle.Export;
import org.osgi.annotation.versioning.Version;
