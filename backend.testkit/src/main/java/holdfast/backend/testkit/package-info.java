/**
 * The test suite that every allocator of RAM blocks must pass, and what it is made of.
 *
 * <p>Reading order: {@link holdfast.backend.testkit.RamBlockAllocatorContract} (extend it, answer
 * its questions, and the promises of {@code holdfast.backend.api} are checked), {@link
 * holdfast.backend.testkit.AllocatorFixture} (what a promise is checked on) and {@link
 * holdfast.backend.testkit.FlushOracle} (CPU caches that lose what was not flushed). Faults, leak
 * checks and kinds of storage are in {@link holdfast.host.testkit}.
 *
 * <p>For tests alone: nothing here belongs into a running product.
 */
@Export
@NullMarked
@Version("0.1.0")
package holdfast.backend.testkit;

import org.jspecify.annotations.NullMarked;
import org.osgi.annotation.bundle.Export;
import org.osgi.annotation.versioning.Version;
