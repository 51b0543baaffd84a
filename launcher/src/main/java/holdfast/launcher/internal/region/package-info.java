/**
 * Regions: the memory of one backend for the life of its machine, and which allocator service looks
 * after it at the moment.
 */
@NullMarked
package holdfast.launcher.internal.region;

import org.jspecify.annotations.NullMarked;
