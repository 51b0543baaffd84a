/**
 * What all engines that run guest CPUs share, for whoever makes one. An emulator needs nothing of
 * this package.
 *
 * <p>{@link holdfast.vcpu.api.engine.RunGate} is where the run loop, {@code interrupt} and pauses
 * meet; {@link holdfast.vcpu.api.engine.GatedWriter} is the writer that it makes; {@link
 * holdfast.vcpu.api.engine.MemoryFollower} keeps an engine's memory in step with the guest's, by
 * the calls of {@link holdfast.vcpu.api.engine.GuestMapper}; {@link
 * holdfast.vcpu.api.engine.AccessFinder} says what an access is that the engine's memory did not
 * serve. None of it calls native code.
 */
@Export
@NullMarked
@Version("0.1.0")
package holdfast.vcpu.api.engine;

import org.jspecify.annotations.NullMarked;
import org.osgi.annotation.bundle.Export;
import org.osgi.annotation.versioning.Version;
