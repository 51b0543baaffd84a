package holdfast.backend.mmap.internal;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * Loads a byte from each page of a range. A page that the host can't provide is a SIGBUS, which the
 * JVM turns into an {@link InternalError} here, but not in native code, where it ends the JVM: so
 * this comes before any such code.
 *
 * <p>The JVM throws the error at the thread's next safepoint poll; in compiled code that may be in
 * the caller's code (JDK 25.0.3). The loops below have one at their back edge.
 */
final class PageTouch {
  /** Never true; read anew each time, so that the compiler keeps a loop, and the poll in it. */
  private static volatile boolean again;

  /** No byte has this value; read anew each time, so that the compiler keeps the load. */
  private static volatile int noByte = 1 << Byte.SIZE;

  private PageTouch() {}

  /**
   * Touches the pages of a range.
   *
   * @param length bytes, at least 1
   * @throws InternalError if a page is lost, or an earlier access of this thread has met one
   */
  static void touch(MemorySegment segment, long offset, long length, long pageSize) {
    long end = offset + length;
    for (long at = offset; at < end; at = (at & -pageSize) + pageSize) {
      boolean more = segment.get(ValueLayout.JAVA_BYTE, at) != noByte;
      while (more) {
        more = again;
        // the poll is between one round and the next
      }
    }
  }

  /**
   * Passes a safepoint poll.
   *
   * @throws InternalError if an access of this thread has met a lost page
   */
  static void awaitLateErrors() {
    boolean more = true;
    while (more) {
      more = again;
    }
  }
}
