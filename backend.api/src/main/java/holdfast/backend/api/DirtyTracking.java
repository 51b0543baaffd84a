package holdfast.backend.api;

import org.osgi.annotation.versioning.ProviderType;

/**
 * Tracks which pages of a live block are written through its mapping, by Java, by native code, by a
 * vCPU thread, or by the kernel during a read(2) into it. While tracking is open, the first store
 * into each page after each scan costs the writer a page fault.
 *
 * <p>A store that completes before {@link #scan} begins is reported by that scan or an earlier one.
 * A store that begins after the scan has ended is reported by the next one, and a store during the
 * scan by one of the two. None is lost.
 *
 * <p>Not tracked: write(2) to the file, stores through another mapping of it, DMA into pages that
 * were pinned before a scan, and discarded pages (MADV_REMOVE, hole punching).
 *
 * <p>Thread-safe; one scan at a time.
 */
@ProviderType
public interface DirtyTracking extends AutoCloseable {

  /**
   * Reports each run of pages written since the last scan, in the order of their offsets; no two
   * runs touch. Each page becomes clean at the moment it is found written.
   *
   * <p>Ranges are reported while the scan is running, with no lock held. If {@code written} throws,
   * the next scan reports its range and everything after it, written or not.
   *
   * @return how many bytes were reported
   * @throws TrackingLostException if the kernel fails, or the mapping is no longer the one that
   *     tracking was started on. The next scan that succeeds reports everything that is unknown as
   *     one range
   * @throws IllegalStateException if this or its block is closed, or another scan is running
   */
  long scan(WrittenRange written) throws TrackingLostException;

  /**
   * Ends tracking, and with it the cost of stores. The block may have been re-mapped or closed
   * before. Idempotent.
   */
  @Override
  void close();
}
