package holdfast.backend.mmap.internal;

import holdfast.backend.api.Alignment;
import holdfast.backend.api.MemoryAdvice;
import holdfast.host.linux.ErrnoException;
import holdfast.host.linux.KernelConstants;
import holdfast.host.linux.Libc;
import holdfast.host.linux.PageRegions;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Finds out, with memory of its own, whether this kernel still reports written pages after their
 * page table is gone. From 6.14 on (CONFIG_PT_RECLAIM) a table is freed with the last of its pages,
 * and some kernels from there to 6.18 then forget which pages were written.
 */
final class PageTableProbe {
  private static final Logger LOG = LoggerFactory.getLogger(PageTableProbe.class);

  /** The bytes of a page table entry, on every known architecture. */
  private static final long ENTRY = 8;

  /** The largest size that is worth probing: what a table for pages of 4 KiB covers. */
  private static final long MOST = 2 << 20;

  private final Libc libc;
  private final long page;

  /** The bytes that one table of the last level covers. */
  private final long size;

  private PageTableProbe(Libc libc) {
    this.libc = libc;
    this.page = libc.getpagesize();
    this.size = page / ENTRY * page;
  }

  /**
   * Tries the hardest case: drops at once a whole table of a memfd, every page of which is written.
   * Takes about a millisecond, and leaves nothing behind.
   *
   * @return false also if it can't be found out
   */
  static boolean keepsNotes(Libc libc) {
    PageTableProbe probe = new PageTableProbe(libc);
    try {
      return probe.size <= MOST && probe.ask();
    } catch (ErrnoException | UntrackableException e) {
      LOG.debug("what becomes of a page table that is dropped can't be told: {}", e.getMessage());
      return false;
    }
  }

  private boolean ask() throws ErrnoException, UntrackableException {
    int memfd = libc.memfdCreate("holdfast-probe", KernelConstants.MFD_CLOEXEC);
    try {
      libc.ftruncate(memfd, size);
      Window window = Window.reserve(libc, size, new Alignment(size), false, MemoryAdvice.DEFAULT);
      try {
        int flags = KernelConstants.MAP_SHARED | libc.constants().mapFixed();
        int readWrite = KernelConstants.PROT_READ | KernelConstants.PROT_WRITE;
        // SAFETY: over a reservation that was just made and that nothing else knows of.
        libc.mmap(window.address(), size, readWrite, flags, memfd, 0);
        return ask(window);
      } finally {
        window.abandon();
      }
    } finally {
      BackingOpener.closeQuietly(libc, memfd);
    }
  }

  private boolean ask(Window window) throws ErrnoException, UntrackableException {
    try (Userfaultfd userfaultfd = Userfaultfd.open(libc)) {
      int pagemap = PageTracking.openPagemap(libc);
      try {
        // SAFETY: all of these addresses are the probe's own, mapped until the window is abandoned.
        userfaultfd.register(window.address(), size);
        userfaultfd.protect(window.address(), size);
        MemorySegment memory = window.segment();
        for (long at = 0; at < size; at += page) {
          memory.set(ValueLayout.JAVA_BYTE, at, (byte) 1);
        }
        window.dropPages(0, size);
        long written = written(window, pagemap);
        if (written < size) {
          LOG.info(
              "this kernel forgets which pages were written when their page table is freed ({} of"
                  + " {} bytes are left): page tables are not dropped before a switch",
              written,
              size);
        }
        return written == size;
      } finally {
        BackingOpener.closeQuietly(libc, pagemap);
      }
    }
  }

  /** Returns how many bytes the kernel reports as written. */
  private long written(Window window, int pagemap) throws ErrnoException {
    long written = 0;
    long end = window.address() + size;
    for (long at = window.address(); at < end; ) {
      PageRegions found = PageTracking.scan(libc, pagemap, at, end);
      for (PageRegions.Region region : found.regions()) {
        written += region.end() - region.start();
      }
      if (found.reached() <= at) {
        return 0; // it makes no progress
      }
      at = found.reached();
    }
    return written;
  }
}
