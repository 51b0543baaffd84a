package holdfast.backend.mmap.internal;

/** How {@code persist} makes a range durable. */
enum PersistMethod {
  /** None: nothing can. */
  NOTHING,
  /** msync(2), by the kernel, in whole pages. */
  MSYNC,
  /** Write-back of CPU cache lines and a fence, from user space. */
  CACHE_FLUSH,
  /**
   * A fence alone, on a platform that writes back its CPU caches by itself when power fails (eADR).
   */
  FENCE
}
