package holdfast.backend.mmap;

import java.util.Optional;

/**
 * What an allocator decides about its mappings; all the rest follows from the block and the host.
 *
 * @param allocator the allocator's kind, for reports
 * @param attemptsSync whether MAP_SYNC is attempted for blocks with RAM_SHARED and RAM_PMEM
 * @param cacheFlush how stores leave the CPU caches where MAP_SYNC is in force or the backing is a
 *     DAX device; without one, stores are persisted by msync(2)
 */
public record MappingStyle(
    String allocator, boolean attemptsSync, Optional<CacheFlush> cacheFlush) {

  /** Plain mappings, persisted by the kernel. */
  public static MappingStyle kernel(String allocator) {
    return new MappingStyle(allocator, false, Optional.empty());
  }

  /** Mappings of persistent memory. */
  public static MappingStyle pmem(String allocator, Optional<CacheFlush> cacheFlush) {
    return new MappingStyle(allocator, true, cacheFlush);
  }
}
