package holdfast.backend.api;

/** Takes the ranges that {@link DirtyTracking#scan} finds. */
@FunctionalInterface
public interface WrittenRange {

  /**
   * One run of pages that were written, after the kernel has made them clean: what is read from
   * them now is at least as new as what the scan reports.
   *
   * @param offset in the block, of the first byte
   * @param length bytes, more than 0
   */
  void accept(long offset, long length);
}
