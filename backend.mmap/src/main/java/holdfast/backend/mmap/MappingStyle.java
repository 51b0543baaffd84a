package holdfast.backend.mmap;

import java.util.Optional;

/**
 * What an allocator decides about its mappings; all the rest follows from the block and the host.
 *
 * @param allocator the allocator's kind, for reports
 * @param attemptsSync whether MAP_SYNC is attempted for blocks with RAM_SHARED and RAM_PMEM
 * @param cacheFlush how stores leave the CPU caches where MAP_SYNC is in force or the backing is a
 *     DAX device; without one, stores are persisted by msync(2)
 * @param whyNoFlush why there is none, for reports; empty if there is one
 */
public record MappingStyle(
    String allocator, boolean attemptsSync, Optional<CacheFlush> cacheFlush, String whyNoFlush) {

  /** Plain mappings, persisted by the kernel. */
  public static MappingStyle kernel(String allocator) {
    return new MappingStyle(allocator, false, Optional.empty(), "it is not asked for");
  }

  /** Mappings of persistent memory, whose caches are flushed. */
  public static MappingStyle pmem(String allocator, CacheFlush cacheFlush) {
    return new MappingStyle(allocator, true, Optional.of(cacheFlush), "");
  }

  /**
   * Mappings of persistent memory, whose caches can't be flushed.
   *
   * @param why as half a sentence, for reports
   */
  public static MappingStyle pmemWithoutFlush(String allocator, String why) {
    return new MappingStyle(allocator, true, Optional.empty(), why);
  }
}
