package holdfast.backend.mmap.internal;

import holdfast.backend.mmap.CacheFlush;
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
 * Finds out whether a cache flush does anything. The instructions that write back a cache line
 * (clwb, clflushopt, clflush; dc cvap; dcbst) are loads to the memory management: they make a page
 * present that nobody has touched before. A function that does nothing leaves it absent.
 */
public final class FlushProbe {
  private static final Logger LOG = LoggerFactory.getLogger(FlushProbe.class);
  private static final Path PAGEMAP = Path.of("/proc/self/pagemap");

  private FlushProbe() {}

  /**
   * Tells whether it is proved that a flush does nothing: it leaves a page absent, and {@code
   * control} makes one present. Without that nothing is proved: an emulated CPU (QEMU's TCG) has no
   * caches, and takes the instruction for none. False also where it can't be found out.
   *
   * @param control a flush that is known to write cache lines back, if there is one
   */
  public static boolean doesNothing(CacheFlush flush, Optional<CacheFlush> control) {
    return control.isPresent() && leavesAbsent(flush) && !leavesAbsent(control.get());
  }

  /** Whether a page that is flushed stays absent; false where that can't be found out. */
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
   * Tells whether there is a page behind an address, proc_pid_pagemap(5).
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
    return entry.getLong(0) < 0; // bit 63
  }
}
