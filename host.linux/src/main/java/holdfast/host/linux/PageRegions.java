package holdfast.host.linux;

import java.util.List;

/**
 * The result of ioctl(2) PAGEMAP_SCAN.
 *
 * @param regions runs of consecutive pages that belong to the requested categories, in the order of
 *     their addresses; two of them may touch
 * @param walkEnd the requested end, or less if there were too many regions. After a call that found
 *     more regions than the kernel's own buffer holds (512), it may lie before regions that were
 *     reported and write-protected (seen with Linux 6.18): continue from {@link #reached}
 */
public record PageRegions(List<Region> regions, long walkEnd) {

  /** Copies the list. */
  public PageRegions {
    regions = List.copyOf(regions);
  }

  /**
   * Returns the address from which the next call has to continue: the end of everything reported. A
   * page between {@link #walkEnd} and there that was not reported had not been written when the
   * kernel passed it, and was left unchanged.
   */
  public long reached() {
    return regions.stream().mapToLong(Region::end).reduce(walkEnd, Math::max);
  }

  /**
   * A run of consecutive pages.
   *
   * @param start the first address
   * @param end the address after the last one
   */
  public record Region(long start, long end) {}
}
