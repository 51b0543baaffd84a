/**
 * The test suite that every allocator of RAM blocks must pass, and its parts.
 *
 * <p>Reading order: {@link holdfast.backend.testkit.RamBlockAllocatorContract} (extend it and
 * implement its methods to test the guarantees of {@code holdfast.backend.api}), {@link
 * holdfast.backend.testkit.AllocatorFixture} (the allocator under test and its environment) and
 * {@link holdfast.backend.testkit.FlushOracle} (CPU caches that lose what was not flushed). Faults,
 * leak checks and kinds of storage are in {@link holdfast.host.testkit}.
 *
 * <p>For tests only: nothing here belongs in a running product.
 */
@Export
@NullMarked
@Version("0.1.0")
package holdfast.backend.testkit;

import org.jspecify.annotations.NullMarked;
import org.osgi.annotation.bundle.Export;
import org.osgi.annotation.versioning.Version;
