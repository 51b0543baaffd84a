package holdfast.machine.copy;

import holdfast.backend.api.CopyTarget;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;

/**
 * The memory that is swapped and the memory that replaces it, of the same size. Used by one thread.
 */
final class Sides {
  /** How much is compared at once; two of these fit into a processor's own cache. */
  private static final int PIECE = 1 << 17;

  private final MemorySegment old;
  private final MemorySegment fresh;
  private final CopyTarget target;
  private final byte[] here = new byte[PIECE];
  private final byte[] there = new byte[PIECE];

  /**
   * @param old the memory to copy
   * @param fresh the memory to copy to
   * @param target takes in what is copied there
   */
  Sides(MemorySegment old, MemorySegment fresh, CopyTarget target) {
    this.old = old;
    this.fresh = fresh;
    this.target = target;
  }

  MemorySegment old() {
    return old;
  }

  /** Copies a range. */
  void copy(long offset, long length) {
    target.copy(old, offset, length);
  }

  /** Adds to {@code different} the pages of a range that differ. */
  void compare(long offset, long length, DirtyRanges different) {
    for (long at = offset; at < offset + length; at += PIECE) {
      int piece = (int) Math.min(PIECE, offset + length - at);
      // SAFETY: copies are compared, not the memory itself. When a page is lost because its file
      // was truncated or its disk is full, a copy turns the fault into an InternalError; compiled
      // code of MemorySegment.mismatch can end the JVM instead (seen with C1 of JDK 25.0.3).
      MemorySegment.copy(old, ValueLayout.JAVA_BYTE, at, here, 0, piece);
      MemorySegment.copy(fresh, ValueLayout.JAVA_BYTE, at, there, 0, piece);
      if (!Arrays.equals(here, 0, piece, there, 0, piece)) {
        comparePages(piece, at, different);
      }
    }
  }

  private void comparePages(int length, long offset, DirtyRanges different) {
    int page = (int) DirtySource.PAGE;
    for (int at = 0; at < length; at += page) {
      int to = Math.min(at + page, length);
      if (!Arrays.equals(here, at, to, there, at, to)) {
        different.add(offset + at, to - at);
      }
    }
  }
}
