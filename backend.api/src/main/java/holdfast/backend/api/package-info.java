/**
 * What a memory backend promises: which RAM blocks an allocator makes, what was asked for, what was
 * obtained, and how durable a store into them is.
 *
 * <p>Reading order: {@link holdfast.backend.api.RamFlag} and {@link
 * holdfast.backend.api.Granularity} (the words), {@link holdfast.backend.api.RamBlockSpec} (the
 * question), {@link holdfast.backend.api.RamBlockAllocator} (the service), {@link
 * holdfast.backend.api.RamBlock} and {@link holdfast.backend.api.Durability} (the answer). Every
 * failure is a {@link holdfast.backend.api.RamBlockException} of its own type.
 */
@Export
@NullMarked
@Version("0.1.0")
package holdfast.backend.api;

import org.jspecify.annotations.NullMarked;
import org.osgi.annotation.bundle.Export;
import org.osgi.annotation.versioning.Version;
