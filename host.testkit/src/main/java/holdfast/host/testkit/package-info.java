/**
 * A host that fails on command, and checks that a test left nothing behind on it.
 *
 * <p>Reading order: {@link holdfast.host.testkit.Storage} (where a test keeps its files), {@link
 * holdfast.host.testkit.FaultyLibc} (a libc that fails on command and records its calls), {@link
 * holdfast.host.testkit.LeakCheck} (what a test left behind), {@link
 * holdfast.host.testkit.CpuCaches} (CPU caches that lose what was not flushed), {@link
 * holdfast.host.testkit.WatchedMemory} (what a power cut would leave) and {@link
 * holdfast.host.testkit.LiveAccess} (a guest's threads at work).
 *
 * <p>For tests only: nothing here belongs in a running product.
 */
@Export
@NullMarked
@Version("0.1.0")
package holdfast.host.testkit;

import org.jspecify.annotations.NullMarked;
import org.osgi.annotation.bundle.Export;
import org.osgi.annotation.versioning.Version;
