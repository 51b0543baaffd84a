package holdfast.machine.migration.internal.stream;

import static holdfast.machine.migration.internal.stream.RamStreamFormat.TARGET_PAGE_SIZE;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;

/** Finds pages of zeros that are side by side, as most of a young guest's are. Not thread-safe. */
final class ZeroRuns {
  /** How much is looked at at once: it stays in a processor's innermost cache. */
  private static final int PIECE = 1 << 14;

  private static final byte[] ZEROS = new byte[PIECE];

  private final byte[] here = new byte[PIECE];

  /**
   * Returns how many pages are zero from one on, before another; some of them where there are many.
   *
   * @throws InternalError if a page of the memory is lost; it may be reported late
   */
  int pages(MemorySegment memory, long from, long to) {
    int length = (int) Math.min(PIECE, to - from);
    // SAFETY: a copy is looked at, not the memory itself. When a page is lost because its file was
    // truncated, a copy turns the fault into an InternalError; compiled code of
    // MemorySegment.mismatch can end the JVM instead.
    MemorySegment.copy(memory, ValueLayout.JAVA_BYTE, from, here, 0, length);
    int other = Arrays.mismatch(here, 0, length, ZEROS, 0, length);
    return (other < 0 ? length : other) / TARGET_PAGE_SIZE;
  }
}
