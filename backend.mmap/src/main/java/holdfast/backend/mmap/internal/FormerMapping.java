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
 *
 * <p>Private memory can't be moved away like that, since readers would meet zeros. To hold them
 * back for that moment with userfaultfd(2), registered for missing pages, works in C and deadlocks
 * a JVM: a Java thread that waits in a page fault reaches no safepoint, and the thread that
 * exchanges the mapping stops for that very safepoint when it returns from mremap(2), before it can
 * map the new memory and wake the reader.
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
    Probe probe = new Probe(libc, window.size() + Window.TABLES);
    try {
      long wish = probe.freeAddressLike(window.address());
      // SAFETY: the window's addresses stay mapped, to the same bytes of the same file. Nothing is
      // mapped over: without MREMAP_FIXED the wish counts only if nothing is there.
      Userfaultfd.Move move =
          () ->
              libc.mremap(window.address(), window.size(), KernelConstants.MREMAP_DONTUNMAP, wish);
      PageTracking tracking = window.tracking;
      long address = tracking == null ? move.make() : tracking.whileItsPagesMove(move);
      return Optional.of(new FormerMapping(libc, address, window.size()));
    } catch (ErrnoException e) {
      LOG.debug(
          "the mapping at 0x{} stays: {}", Long.toHexString(window.address()), e.getMessage());
      return Optional.empty();
    } finally {
      probe.release();
    }
  }

  /** Unmaps it. */
  void release() {
    // SAFETY: the mapping is this object's own, at addresses that nobody was told of.
    unmap(libc, address, size);
  }

  private static void unmap(Libc libc, long address, long length) {
    try {
      libc.munmap(address, length);
    } catch (ErrnoException e) {
      LOG.error(
          "0x{} bytes at 0x{} stay mapped: {}",
          Long.toHexString(length),
          Long.toHexString(address),
          e.getMessage());
    }
  }

  /** A mapping of no access, made to find a free address. Used by one thread. */
  private static final class Probe {
    private static final long NONE = -1;

    private final Libc libc;
    private final long length;
    private long address = NONE;

    Probe(Libc libc, long length) {
      this.libc = libc;
      this.length = length;
    }

    /**
     * Returns a free address that is equal to another modulo {@link Window#TABLES}, so that whole
     * tables are moved instead of their entries; 0 if there is none.
     */
    long freeAddressLike(long other) {
      int flags = KernelConstants.MAP_PRIVATE | libc.constants().mapAnonymous();
      try {
        address = libc.mmap(0, length, KernelConstants.PROT_NONE, flags, -1, 0);
      } catch (ErrnoException e) {
        LOG.debug("no addresses to move a mapping to: {}", e.getMessage());
        return 0;
      }
      long free = address;
      release();
      return free + Math.floorMod(other - free, Window.TABLES);
    }

    /**
     * Unmaps it, unless that was tried. It is never tried twice: if the kernel had unmapped it
     * nevertheless, the addresses would be another thread's by then. What stays takes addresses and
     * no memory.
     */
    void release() {
      long mine = address;
      address = NONE;
      if (mine != NONE) {
        // SAFETY: the mapping is this object's own, and nobody was told of it.
        unmap(libc, mine, length);
      }
    }
  }
}
