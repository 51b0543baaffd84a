/**
 * The contract of a memory backend: which RAM blocks an allocator makes, what was requested and
 * obtained, how durable a store into them is, and which pages are written.
 *
 * <p>Reading order: {@link holdfast.backend.api.RamFlag} and {@link
 * holdfast.backend.api.Granularity} (the terms), {@link holdfast.backend.api.RamBlockSpec} (the
 * request), {@link holdfast.backend.api.RamBlockAllocator} (the service), {@link
 * holdfast.backend.api.RamBlock} and {@link holdfast.backend.api.Durability} (the answer), {@link
 * holdfast.backend.api.DirtyTracking} (the written pages). Every failure is a {@link
 * holdfast.backend.api.RamBlockException} of its own type; {@link
 * holdfast.backend.api.HoldfastException} is what all exceptions with a sentence for the operator
 * have in common.
 */
@Export
@NullMarked
@Version("0.1.0")
package holdfast.backend.api;

import org.jspecify.annotations.NullMarked;
import org.osgi.annotation.bundle.Export;
import org.osgi.annotation.versioning.Version;
