/**
 * What an allocator decides about its mappings: {@link holdfast.backend.mmap.style.MappingStyle},
 * and how stores leave the CPU caches, {@link holdfast.backend.mmap.style.CacheFlush}.
 */
@Export(substitution = Export.Substitution.NOIMPORT) // the mapper's own, never another bundle's
@NullMarked
@Version("0.1.0")
package holdfast.backend.mmap.style;

import org.jspecify.annotations.NullMarked;
import org.osgi.annotation.bundle.Export;
import org.osgi.annotation.versioning.Version;
