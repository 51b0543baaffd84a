package holdfast.machine.nvdimm;

import java.lang.foreign.MemorySegment;

/**
 * Copies between memory whose pages the host may have lost and arrays. The JVM reports such a page
 * by an {@link InternalError}, in compiled code only at the thread's next safepoint poll (JDK
 * 25.0.3).
 */
final class LostPages {
  /**
   * Never true. Read anew each time, so that the compiler keeps the loop below and the safepoint
   * poll at its back edge.
   */
  private static volatile boolean again;

  private LostPages() {}

  /**
   * Copies {@code length} bytes.
   *
   * @return false if a page of either side is lost; then some of the bytes may have been copied
   * @throws IllegalStateException if either side's memory has ended
   */
  static boolean copy(MemorySegment source, long from, MemorySegment target, long at, long length) {
    if (tryCopy(source, from, target, at, length)) {
      return true;
    }
    // The error may have been a late one, about an earlier access of this thread.
    return tryCopy(source, from, target, at, length);
  }

  private static boolean tryCopy(
      MemorySegment source, long from, MemorySegment target, long at, long length) {
    try {
      MemorySegment.copy(source, from, target, at, length);
      awaitErrors();
      return true;
    } catch (InternalError e) {
      return false;
    }
  }

  /** Passes a safepoint poll, where the JVM throws what it has not reported yet. */
  private static void awaitErrors() {
    boolean more = true;
    while (more) {
      more = again;
      // the poll is between one round and the next
    }
  }
}
