package holdfast.backend.mmap.internal;

import holdfast.backend.api.CopyTarget;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Copies into a file on a disk by writing a few pages at a time. That takes half as long as to
 * store through the mapping, where each page is first read or zeroed, then mapped, and then made
 * writable by a second fault. A larger piece in one call would be faster still, but would be cached
 * as one (a large folio), and a later store into a page of it would write back the whole.
 *
 * <p>A file that somebody cuts meanwhile grows again when something is written behind its end, and
 * what was lost would be zeros that nobody notices. So the last page is never written, but stored
 * through the mapping: a file that was cut stays too short, which that store and each persist meet.
 */
final class PagewiseCopy implements CopyTarget {
  private static final Logger LOG = LoggerFactory.getLogger(PagewiseCopy.class);

  /** How many pages are written in one call. */
  private static final int PIECE = 4;

  private final FileChannel file;
  private final long base;
  private final long page;
  private final MemorySegment mapped;

  /** Whether a write failed; its cause is found, and told, by a store through the mapping. */
  private boolean refused;

  private PagewiseCopy(FileChannel file, long base, long page, MemorySegment mapped) {
    this.file = file;
    this.base = base;
    this.page = page;
    this.mapped = mapped;
  }

  /** Returns the way to copy into a file that is in a window; through the mapping if need be. */
  static CopyTarget into(BackingStore store, Window window, long page) {
    MemorySegment mapped = window.segment();
    try {
      FileChannel file =
          FileChannel.open(Path.of("/proc/self/fd/" + store.fd()), StandardOpenOption.WRITE);
      return new PagewiseCopy(file, store.offset(), page, mapped);
    } catch (IOException | RuntimeException e) {
      LOG.debug("{} can't be opened once more: {}", store.spec().backing(), e.toString());
      return through(mapped);
    }
  }

  /** Returns the way to copy through a mapping. */
  static CopyTarget through(MemorySegment mapped) {
    return (from, offset, length) -> MemorySegment.copy(from, offset, mapped, offset, length);
  }

  @Override
  public void copy(MemorySegment from, long offset, long length) {
    if (refused || !isWritten(from, offset, length)) {
      refused = true;
      through(mapped).copy(from, offset, length);
    }
  }

  private boolean isWritten(MemorySegment from, long offset, long length) {
    try {
      long last = (mapped.byteSize() - 1) / page * page;
      int end = (int) Math.clamp(last - offset, 0, length);
      ByteBuffer bytes = from.asSlice(offset, length).asByteBuffer();
      for (int at = 0; at < end; ) {
        long place = base + offset + at;
        long left = PIECE * page - place % (PIECE * page);
        bytes.limit((int) Math.min(end, at + left)).position(at);
        int written = file.write(bytes, place);
        if (written <= 0) {
          return false;
        }
        at += written;
      }
      if (end < length) {
        through(mapped).copy(from, offset + end, length - end);
      }
      return true;
    } catch (IOException | RuntimeException e) {
      LOG.debug("what can't be written is stored through the mapping: {}", e.toString());
      return false;
    }
  }

  @Override
  public void close() {
    try {
      file.close();
    } catch (IOException e) {
      LOG.warn("a descriptor of {} stays open: {}", file, e.toString());
    }
  }
}
