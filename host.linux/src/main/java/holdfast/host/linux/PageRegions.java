package holdfast.host.linux;

import java.util.List;

/**
 * What ioctl(2) PAGEMAP_SCAN answers.
 *
 * @param regions pages that follow each other and belong to the categories asked for, in the order
 *     of their addresses; two of them may touch
 * @param walkEnd the end asked for, or less if the regions became too many. Of a call that found
 *     more regions than the kernel's own buffer holds (512) it may lie before regions that were
 *     told and write-protected (seen with Linux 6.18): go on from {@link #reached}
 */
public record PageRegions(List<Region> regions, long walkEnd) {

  /** Keeps a copy of the list. */
  public PageRegions {
    regions = List.copyOf(regions);
  }

  /**
   * The address from which the next call goes on: behind everything that was told. A page between
   * {@link #walkEnd} and there that was not told was not written when the kernel passed it, and was
   * left as it was.
   */
  public long reached() {
    return regions.stream().mapToLong(Region::end).reduce(walkEnd, Math::max);
  }

  /**
   * Pages that follow each other.
   *
   * @param start the first address
   * @param end the address behind the last one
   */
  public record Region(long start, long end) {}
}
