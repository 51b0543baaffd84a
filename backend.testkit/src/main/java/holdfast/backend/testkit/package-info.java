/**
 * The test suite that every allocator of RAM blocks must pass, and what it is made of.
 *
 * <p>Reading order: {@link holdfast.backend.testkit.RamBlockAllocatorContract} (extend it, answer
 * its questions, and the promises of {@code holdfast.backend.api} are checked), {@link
 * holdfast.backend.testkit.Storage} (where a promise is checked), {@link
 * holdfast.backend.testkit.FaultyLibc} (a libc that fails on command), {@link
 * holdfast.backend.testkit.LeakCheck} (what a test left behind), {@link
 * holdfast.backend.testkit.FlushOracle} (CPU caches that lose what was not flushed) and {@link
 * holdfast.backend.testkit.WatchedMemory} (what a power cut would leave).
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
