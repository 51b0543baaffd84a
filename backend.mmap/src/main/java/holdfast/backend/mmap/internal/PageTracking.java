package holdfast.backend.mmap.internal;

import holdfast.backend.api.DirtyTracking;
import holdfast.backend.api.RamBlock;
import holdfast.backend.api.RamBlockSpec;
import holdfast.backend.api.RamFlag;
import holdfast.backend.api.TrackingLostException;
import holdfast.backend.api.TrackingRefusedException;
import holdfast.backend.api.WrittenRange;
import holdfast.host.linux.Errno;
import holdfast.host.linux.ErrnoException;
import holdfast.host.linux.KernelConstants;
import holdfast.host.linux.KernelRelease;
import holdfast.host.linux.Libc;
import holdfast.host.linux.PageRegions;
import holdfast.host.linux.Remedy;
import holdfast.host.linux.Scene;
import holdfast.host.linux.Step;
import java.nio.file.Path;
import java.util.Optional;

/**
 * Tracks the written pages of what is in a window. All state is guarded by the window's {@link
 * Window#structure}, which is held for single calls of the kernel and never while a range is
 * reported; a thread that holds it anyway may scan.
 *
 * <h2>Kernel calls</h2>
 *
 * A call asks for at most 512 regions. If one call finds more, the kernel empties its own buffer of
 * 512 on the way and continues, but walk_end stays where the buffer was first full, before regions
 * that were reported and made clean (seen with 6.18.44); a caller that continued from there would
 * see lower addresses than before if there are stores meanwhile. So the next call continues after
 * everything that was reported.
 */
public final class PageTracking implements DirtyTracking {
  private static final Path PAGEMAP = Path.of("/proc/self/pagemap");

  /**
   * The most regions of one call: as many as the kernel's own buffer holds (fs/proc/task_mmu.c,
   * PAGEMAP_WALK_SIZE). If the kernel has to empty that on the way, walk_end stays where it was
   * first full, although the walk continued and reported and protected the pages after it.
   */
  private static final int VECTOR = 512;

  private static final long SCAN =
      KernelConstants.PM_SCAN_WP_MATCHING | KernelConstants.PM_SCAN_CHECK_WPASYNC;

  /** The first kernel whose scan is known to lose nothing: see {@link DirtyTracking}. */
  private static final KernelRelease EXACT = new KernelRelease(6, 12, 3);

  private final Libc libc;
  private final RamBlockSpec spec;
  private final Window window;
  private final Userfaultfd userfaultfd;
  private final int pagemap;
  private boolean closed;
  private boolean scanning;

  /** Where the unknown part begins: after a failed scan, else the end of the block. */
  private long unknownFrom;

  private PageTracking(
      Libc libc, RamBlockSpec spec, Window window, Userfaultfd userfaultfd, int pagemap) {
    this.libc = libc;
    this.spec = spec;
    this.window = window;
    this.userfaultfd = userfaultfd;
    this.pagemap = pagemap;
    this.unknownFrom = window.size();
  }

  /**
   * Looks up why no block can be tracked on a host.
   *
   * @return the reason as a sentence without full stop; empty if blocks can be tracked, except
   *     those that refuse
   */
  public static Optional<String> obstacle(Libc libc) {
    try (Userfaultfd userfaultfd = userfaultfd(libc)) {
      int pagemap = openPagemap(libc);
      try {
        // SAFETY: scans no page; the kernel only shows whether it knows the request.
        libc.ioctlPagemapScan(pagemap, SCAN, 0, 0, 1, KernelConstants.PAGE_IS_WRITTEN);
        return Optional.empty();
      } finally {
        BackingOpener.closeQuietly(libc, pagemap);
      }
    } catch (UntrackableException e) {
      return Optional.of(e.reason());
    } catch (ErrnoException e) {
      return Optional.of(
          "this kernel can't scan pages, " + e.sentence() + "; use Linux " + EXACT + " or later");
    }
  }

  private static Userfaultfd userfaultfd(Libc libc) throws UntrackableException {
    String release = libc.release();
    Optional<KernelRelease> kernel = KernelRelease.of(release);
    if (kernel.isEmpty() || kernel.get().compareTo(EXACT) < 0) {
      throw new UntrackableException(
          "this kernel, "
              + release
              + ", is not known to tell of every store, as Linux does from "
              + EXACT
              + " on; use that or later");
    }
    return Userfaultfd.open(libc);
  }

  static int openPagemap(Libc libc) throws UntrackableException {
    try {
      return libc.open(PAGEMAP, KernelConstants.O_RDONLY | libc.constants().openCloexec(), 0);
    } catch (ErrnoException e) {
      throw new UntrackableException(
          PAGEMAP
              + " can't be opened, "
              + e.errno()
              + "; mount proc(5), and let this process see"
              + " it");
    }
  }

  /** Implements {@link RamBlock#track}. */
  static DirtyTracking arm(MappedRamBlock block) throws TrackingRefusedException {
    Window window = block.window;
    window.structure.lock();
    try {
      block.requireCurrent();
      requireTrackable(block);
      return arm(block, userfaultfd(block.libc));
    } catch (UntrackableException e) {
      throw new TrackingRefusedException(block.spec(), e.reason());
    } finally {
      window.structure.unlock();
    }
  }

  /** Implements {@link RamBlock#trackingObstacle}. */
  static Optional<String> obstacle(MappedRamBlock block) {
    block.window.structure.lock();
    try {
      block.requireCurrent();
      requireTrackable(block);
    } catch (UntrackableException e) {
      return Optional.of(e.reason());
    } finally {
      block.window.structure.unlock();
    }
    return obstacle(block.libc);
  }

  private static void requireTrackable(MappedRamBlock block) throws UntrackableException {
    if (block.spec().has(RamFlag.RAM_READONLY)) {
      throw new UntrackableException("readonly=on: nobody can write to it");
    }
    try {
      if (block.store.isOnDax()) {
        throw new UntrackableException(
            "it is on DAX, where the kernel would never end the first access to a page that it took"
                + " note of; stop the writers instead");
      }
    } catch (ErrnoException e) {
      throw new UntrackableException(
          "whether it is on DAX, where it must not be done, can't be told, " + e.sentence());
    }
  }

  private static PageTracking arm(MappedRamBlock block, Userfaultfd userfaultfd)
      throws UntrackableException {
    Window window = block.window;
    try {
      int pagemap = openPagemap(block.libc);
      try {
        // SAFETY: the window's addresses can't be reused while its structure is locked.
        userfaultfd.register(window.address(), window.size());
        userfaultfd.protect(window.address(), window.size());
      } catch (ErrnoException | RuntimeException | Error e) {
        BackingOpener.closeQuietly(block.libc, pagemap);
        throw e;
      }
      PageTracking armed = new PageTracking(block.libc, block.spec(), window, userfaultfd, pagemap);
      window.tracking = armed;
      return armed;
    } catch (ErrnoException e) {
      userfaultfd.close();
      throw new UntrackableException(refusal(block.spec(), e));
    } catch (UntrackableException | RuntimeException | Error e) {
      userfaultfd.close();
      throw e;
    }
  }

  private static String refusal(RamBlockSpec spec, ErrnoException e) {
    return e.sentence() + "; " + Remedy.of(Step.TRACK, e, Scene.of(new BlockRequest(spec)));
  }

  @Override
  public long scan(WrittenRange written) throws TrackingLostException {
    long size = window.size();
    WrittenRuns runs = new WrittenRuns(written, begin(), size);
    long reached = 0;
    boolean complete = false;
    try {
      while (reached < size) {
        PageRegions found = next(reached);
        runs.add(found, window.address()); // all of them, before the receiver can throw
        reached = found.reached() - window.address();
        runs.tellSettled();
      }
      runs.finish();
      complete = true;
      return runs.told();
    } finally {
      end(complete ? size : runs.untoldFrom(reached));
    }
  }

  private long begin() {
    window.structure.lock();
    try {
      requireOpen();
      if (scanning) {
        throw new IllegalStateException(
            "the pages of memory backend '" + spec.id() + "' are being scanned already");
      }
      scanning = true;
      return unknownFrom;
    } finally {
      window.structure.unlock();
    }
  }

  private void end(long unknown) {
    window.structure.lock();
    try {
      scanning = false;
      unknownFrom = unknown;
    } finally {
      window.structure.unlock();
    }
  }

  /**
   * Finds the next written pages, and makes them clean. SAFETY: the caller owns the range, and
   * nothing else asks which of its pages were written.
   */
  static PageRegions scan(Libc libc, int pagemap, long from, long to) throws ErrnoException {
    return libc.ioctlPagemapScan(pagemap, SCAN, from, to, VECTOR, KernelConstants.PAGE_IS_WRITTEN);
  }

  /** Moves the window's pages elsewhere; the caller holds the {@link Window#structure}. */
  long whileItsPagesMove(Userfaultfd.Move move) throws ErrnoException {
    return userfaultfd.whileMessagesAreRead(move);
  }

  /** Returns the next regions, from an offset on. */
  private PageRegions next(long from) throws TrackingLostException {
    window.structure.lock();
    try {
      requireOpen();
      if (window.tracking != this) {
        throw new TrackingLostException(
            spec,
            from,
            "it was re-mapped, or tried to be, and what was written meanwhile is not known");
      }
      long address = window.address();
      // SAFETY: a block is in the window, so all of its addresses are mapped and ours, and the lock
      // keeps it from being replaced meanwhile; only this tracking asks which of them were written.
      PageRegions found = scan(libc, pagemap, address + from, address + window.size());
      if (found.reached() <= address + from) {
        throw new TrackingLostException(spec, from, "the kernel's scan of the pages doesn't go on");
      }
      return found;
    } catch (ErrnoException e) {
      throw new TrackingLostException(
          spec,
          from,
          e.is(Errno.EPERM)
              ? e.sentence() + ", since it was re-mapped after its tracking had begun"
              : e.sentence());
    } finally {
      window.structure.unlock();
    }
  }

  private void requireOpen() {
    if (closed || window.current == null) {
      throw new IllegalStateException(
          (closed ? "the tracking of memory backend '" : "memory backend '")
              + spec.id()
              + "' is closed");
    }
  }

  @Override
  public void close() {
    window.structure.lock();
    try {
      if (closed) {
        return;
      }
      closed = true;
      if (window.tracking == this) {
        window.tracking = null;
      }
      userfaultfd.close();
      BackingOpener.closeQuietly(libc, pagemap);
    } finally {
      window.structure.unlock();
    }
  }
}
