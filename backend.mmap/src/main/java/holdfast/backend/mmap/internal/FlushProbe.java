package holdfast.backend.mmap.internal;

import holdfast.backend.mmap.style.CacheFlush;
import holdfast.host.linux.ErrnoException;
import holdfast.host.linux.HostLibc;
import holdfast.host.linux.KernelConstants;
import holdfast.host.linux.Libc;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Finds out whether a cache flush has an effect. The instructions that write back a cache line
 * (clwb, clflushopt, clflush; dc cvap; dcbst) are loads to the memory management: they make an
 * untouched page present. A function that does nothing leaves it absent.
 */
public final class FlushProbe {
  private static final Logger LOG = LoggerFactory.getLogger(FlushProbe.class);
  private static final Path PAGEMAP = Path.of("/proc/self/pagemap");

  private FlushProbe() {}

  /**
   * Returns whether a flush is proved to do nothing: it leaves a page absent, and {@code control}
   * makes one present. Without the latter nothing is proved: an emulated CPU (QEMU's TCG) has no
   * caches, and treats the instruction as none. False also if it can't be found out.
   *
   * @param control a flush that is known to write cache lines back, if there is one
   */
  public static boolean doesNothing(CacheFlush flush, Optional<CacheFlush> control) {
    return control.isPresent() && leavesAbsent(flush) && !leavesAbsent(control.get());
  }

  /** Returns whether a page that is flushed stays absent; false if that can't be found out. */
  private static boolean leavesAbsent(CacheFlush flush) {
    Libc libc = HostLibc.instance();
    KernelConstants k = libc.constants();
    long page = libc.getpagesize();
    try {
      long address =
          libc.mmap(
              0,
              page,
              KernelConstants.PROT_READ | KernelConstants.PROT_WRITE,
              KernelConstants.MAP_PRIVATE | k.mapAnonymous(),
              -1,
              0);
      try {
        if (isPresent(address)) {
          return false;
        }
        // SAFETY: the page was mapped here and is unmapped after the last use of the segment.
        flush.flush(MemorySegment.ofAddress(address).reinterpret(page));
        flush.drain();
        return !isPresent(address);
      } finally {
        libc.munmap(address, page);
      }
    } catch (IOException | ErrnoException e) {
      LOG.info("whether {} does anything can't be found out: {}", flush, e.getMessage());
      return false;
    }
  }

  /**
   * Returns whether there is a page behind an address, proc_pid_pagemap(5).
   *
   * @param address within a mapping of this process
   */
  public static boolean isPresent(long address) throws IOException {
    ByteBuffer entry = ByteBuffer.allocate(Long.BYTES).order(ByteOrder.nativeOrder());
    try (FileChannel pagemap = FileChannel.open(PAGEMAP)) {
      if (pagemap.read(entry, address / HostLibc.instance().getpagesize() * Long.BYTES)
          != Long.BYTES) {
        throw new IOException(PAGEMAP + " tells nothing of the address");
      }
    }
    return entry.getLong(0) < 0; // bit 63: the page is present
  }
}
