package holdfast.machine.core.internal.guest;

import holdfast.machine.api.MemoryRegion;

/** Decides, after an access to a region has failed, whether the region's own memory is at fault. */
@FunctionalInterface
public interface LostPages {

  /**
   * Checks whether the host can still provide the pages of a range. If it can't, the region has
   * failed from now on. Called in the thread of the access.
   *
   * @param stored whether the access was a store
   * @return whether a page is lost
   */
  boolean failIfLost(MemoryRegion region, long offset, long length, boolean stored);
}
