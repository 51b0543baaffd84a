/**
 * A host that fails on command, and what shows that a test left nothing behind there.
 *
 * <p>Reading order: {@link holdfast.host.testkit.Storage} (where a test keeps its files), {@link
 * holdfast.host.testkit.FaultyLibc} (a libc that fails on command, and remembers its calls), {@link
 * holdfast.host.testkit.LeakCheck} (what a test left behind), {@link
 * holdfast.host.testkit.CpuCaches} (CPU caches that lose what was not flushed), {@link
 * holdfast.host.testkit.WatchedMemory} (what a power cut would leave) and {@link
 * holdfast.host.testkit.LiveAccess} (a guest's threads at work).
 *
 * <p>For tests alone: nothing here belongs into a running product.
 */
@Export
@NullMarked
@Version("0.1.0")
package holdfast.host.testkit;

import org.jspecify.annotations.NullMarked;
import org.osgi.annotation.bundle.Export;
import org.osgi.annotation.versioning.Version;
