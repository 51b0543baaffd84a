package holdfast.backend.mmap;

import java.util.List;

/**
 * What ioctl(2) PAGEMAP_SCAN answers.
 *
 * @param regions pages that follow each other and belong to the categories asked for, in the order
 *     of their addresses; two of them may touch
 * @param walkEnd the address at which the kernel stopped: the end asked for, or less if the regions
 *     became too many, and the next call goes on from there
 */
public record PageRegions(List<Region> regions, long walkEnd) {

  /** Keeps a copy of the list. */
  public PageRegions {
    regions = List.copyOf(regions);
  }

  /**
   * Pages that follow each other.
   *
   * @param start the first address
   * @param end the address behind the last one
   */
  public record Region(long start, long end) {}
}
