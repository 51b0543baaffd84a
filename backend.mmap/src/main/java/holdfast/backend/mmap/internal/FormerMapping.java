package holdfast.backend.mmap.internal;

import holdfast.backend.api.RamFlag;
import holdfast.host.linux.ErrnoException;
import holdfast.host.linux.KernelConstants;
import holdfast.host.linux.Libc;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The mapping that was in a window before its exchange, with all of its page table. To free that
 * takes milliseconds for each GiB, which mmap(MAP_FIXED) would spend while every access to the
 * window waits. mremap(MREMAP_DONTUNMAP) moves it elsewhere in one step that hardly depends on its
 * size, and leaves an empty mapping of the same file in the window, so that accesses go on.
 */
final class FormerMapping {
  private static final Logger LOG = LoggerFactory.getLogger(FormerMapping.class);

  private final Libc libc;
  private final long address;
  private final long size;

  private FormerMapping(Libc libc, long address, long size) {
    this.libc = libc;
    this.address = address;
    this.size = size;
  }

  /**
   * Moves a block's mapping away, and leaves an empty one of the same file in its window, while
   * readers and writers continue. The caller holds the window's {@link Window#structure}.
   *
   * @return empty if the mapping alone holds the bytes, or if the kernel can't; then it is where it
   *     was
   */
  static Optional<FormerMapping> takenFrom(MappedRamBlock block) {
    boolean inAFile = block.spec().has(RamFlag.RAM_SHARED);
    if (!inAFile || block.store instanceof DaxDeviceStore) {
      return Optional.empty(); // a device has few pages to unmap
    }
    Window window = block.window;
    Libc libc = block.libc;
    long wish = freeAddress(libc, window);
    // SAFETY: the window's addresses stay mapped, to the same bytes of the same file. Nothing is
    // mapped over: without MREMAP_FIXED the wish counts only if nothing is there.
    Userfaultfd.Move move =
        () -> libc.mremap(window.address(), window.size(), KernelConstants.MREMAP_DONTUNMAP, wish);
    try {
      PageTracking tracking = window.tracking;
      long moved = tracking == null ? move.make() : tracking.whileItsPagesMove(move);
      return Optional.of(new FormerMapping(libc, moved, window.size()));
    } catch (ErrnoException e) {
      LOG.debug(
          "the mapping at 0x{} stays: {}", Long.toHexString(window.address()), e.getMessage());
      return Optional.empty();
    }
  }

  /**
   * Returns a free address that is equal to the window's modulo {@link Window#TABLES}, so that
   * whole tables are moved instead of their entries; 0 if there is none.
   */
  private static long freeAddress(Libc libc, Window window) {
    int flags = KernelConstants.MAP_PRIVATE | libc.constants().mapAnonymous();
    long length = window.size() + Window.TABLES;
    try {
      long free = libc.mmap(0, length, KernelConstants.PROT_NONE, flags, -1, 0);
      // SAFETY: nothing else knows of what was mapped in the line above.
      libc.munmap(free, length);
      return free + Math.floorMod(window.address() - free, Window.TABLES);
    } catch (ErrnoException e) {
      LOG.debug("no addresses to move a mapping to: {}", e.getMessage());
      return 0;
    }
  }

  /** Unmaps it. */
  void release() {
    try {
      // SAFETY: the mapping is this object's own, at addresses that nobody was told of.
      libc.munmap(address, size);
    } catch (ErrnoException e) {
      LOG.error(
          "0x{} bytes at 0x{} stay mapped: {}",
          Long.toHexString(size),
          Long.toHexString(address),
          e.getMessage());
    }
  }
}
