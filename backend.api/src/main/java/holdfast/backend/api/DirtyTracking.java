package holdfast.backend.api;

/**
 * Tells which pages of a live block are written, whoever writes them through its mapping: Java,
 * native code, the kernel for a read(2) into it, a vCPU thread. While it is open a writer pays a
 * page fault for the first store into each page after each scan.
 *
 * <p>A store that is done when {@link #scan} begins is reported by that scan or was by an earlier
 * one; a store that begins after it has ended is reported by the next; one that happens meanwhile,
 * by one of them. None is lost.
 *
 * <p>Not seen: write(2) to the file, stores through another mapping of it, DMA into pages that were
 * pinned before a scan, and throwing pages away (MADV_REMOVE, hole punching).
 *
 * <p>Thread-safe; one scan at a time.
 */
public interface DirtyTracking extends AutoCloseable {

  /**
   * Reports each run of pages that were written since the last scan, in the order of their offsets;
   * no two of them touch. Each page is made clean in the same moment in which it is found written.
   *
   * <p>The ranges are told while the scan goes on, without any lock. If {@code written} throws, its
   * range and everything behind it is reported by the next scan, written or not.
   *
   * @return how many bytes were reported
   * @throws TrackingLostException if the kernel can't, or the mapping is no longer the one that was
   *     armed. The next scan that succeeds reports everything that is not known as one range
   * @throws IllegalStateException if this is closed, its block is closed, or another scan is under
   *     way
   */
  long scan(WrittenRange written) throws TrackingLostException;

  /**
   * Ends: a store costs nothing any more. The block may have been re-mapped or closed meanwhile.
   * Idempotent.
   */
  @Override
  void close();
}
