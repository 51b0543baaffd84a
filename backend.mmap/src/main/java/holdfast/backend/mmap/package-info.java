/**
 * The mapper: windows of host addresses, the mmap(2) flags that go with a RAM block's flags, and
 * the fallback when the host can't give them. Allocators are built on {@link
 * holdfast.backend.mmap.RamMapper}; nobody else needs this package. Its system calls go through
 * {@link holdfast.host.linux.Libc}.
 *
 * <p>Reading order: {@link holdfast.backend.mmap.MappingStyle} (what an allocator decides), {@link
 * holdfast.backend.mmap.RamMapper} (the way of a block into a window), {@link
 * holdfast.backend.mmap.CacheFlush} (how stores leave the CPU caches), {@link
 * holdfast.backend.mmap.PageTracker} (which pages are written while somebody copies them).
 *
 * <p>The code here outlives the bundles of the allocators: a block that they made goes on serving
 * when they are gone.
 */
@Export
@NullMarked
@Version("0.1.0")
package holdfast.backend.mmap;

import org.jspecify.annotations.NullMarked;
import org.osgi.annotation.bundle.Export;
import org.osgi.annotation.versioning.Version;
