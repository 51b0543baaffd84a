/**
 * The mapper: windows of host addresses, the mmap(2) flags for a RAM block's flags, and the
 * fallback when the host refuses them. Allocators are built on {@link
 * holdfast.backend.mmap.RamMapper}; other code does not need this package. Its system calls go
 * through {@link holdfast.host.linux.Libc}.
 *
 * <p>Reading order: {@link holdfast.backend.mmap.style.MappingStyle} (an allocator's decisions),
 * {@link holdfast.backend.mmap.RamMapper} (maps a block into a window), {@link
 * holdfast.backend.mmap.CacheFlushes} (how stores can leave the CPU caches on this host).
 *
 * <p>The code here outlives the bundles of the allocators: the blocks that they made keep serving
 * when the bundles are gone.
 */
@Export
@NullMarked
@Version("0.1.0")
package holdfast.backend.mmap;

import org.jspecify.annotations.NullMarked;
import org.osgi.annotation.bundle.Export;
import org.osgi.annotation.versioning.Version;
