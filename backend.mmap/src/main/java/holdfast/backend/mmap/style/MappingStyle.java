package holdfast.backend.mmap.style;

import java.util.Optional;

/**
 * An allocator's decisions about its mappings; everything else follows from the block and the host.
 *
 * @param allocator the allocator's kind, for reports
 * @param attemptsSync whether MAP_SYNC is attempted for blocks with RAM_SHARED and RAM_PMEM
 * @param cacheFlush how stores leave the CPU caches when MAP_SYNC is in force or the backing is a
 *     DAX device; if empty, stores are persisted by msync(2)
 * @param flushObstacle why there is no cache flush, as half a sentence for reports; empty if there
 *     is one
 */
public record MappingStyle(
    String allocator,
    boolean attemptsSync,
    Optional<CacheFlush> cacheFlush,
    Optional<String> flushObstacle) {

  /** Checks that there is either a cache flush or a reason why not. */
  public MappingStyle {
    if (cacheFlush.isPresent() == flushObstacle.isPresent()) {
      throw new IllegalArgumentException("neither or both of a cache flush and its obstacle");
    }
  }

  /** Returns the style of plain mappings, which the kernel persists. */
  public static MappingStyle kernel(String allocator) {
    return new MappingStyle(allocator, false, Optional.empty(), Optional.of("it is not asked for"));
  }

  /** Returns the style of mappings of persistent memory whose CPU caches are flushed. */
  public static MappingStyle pmem(String allocator, CacheFlush cacheFlush) {
    return new MappingStyle(allocator, true, Optional.of(cacheFlush), Optional.empty());
  }

  /**
   * Returns the style of mappings of persistent memory whose CPU caches can't be flushed.
   *
   * @param obstacle why, as half a sentence for reports
   */
  public static MappingStyle pmemWithoutFlush(String allocator, String obstacle) {
    return new MappingStyle(allocator, true, Optional.empty(), Optional.of(obstacle));
  }
}
