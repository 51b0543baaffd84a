package holdfast.machine.nvdimm;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;

/**
 * A guest's request: {@code handle}, {@code revision} and {@code function}, four bytes each, then
 * the function's arguments, all of them little-endian. Holds a copy of the page, since another vCPU
 * may change that while the request is judged.
 *
 * @param page the copy, of {@link NvdimmDsm#PAGE_SIZE} bytes
 */
record DsmRequest(MemorySegment page) {
  /** Where the arguments begin. */
  private static final int ARGUMENTS = 12;

  /** Where the data of a write begins: behind its offset and length. */
  private static final int DATA = ARGUMENTS + 8;

  /**
   * The greatest number of bytes of one read or write: what a page has room for beside the head of
   * a write, so that both directions have the same.
   */
  static final int MAX_TRANSFER = NvdimmDsm.PAGE_SIZE - DATA;

  private static final ValueLayout.OfInt INT =
      ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

  int handle() {
    return page.get(INT, 0);
  }

  int revision() {
    return page.get(INT, 4);
  }

  int function() {
    return page.get(INT, 8);
  }

  /** Returns the first argument: where a read or write begins. */
  long offset() {
    return Integer.toUnsignedLong(page.get(INT, ARGUMENTS));
  }

  /** Returns the second argument: the length of a read or write. */
  long length() {
    return Integer.toUnsignedLong(page.get(INT, ARGUMENTS + 4));
  }

  /** Returns what is to be written; {@link #length()} must be at most {@link #MAX_TRANSFER}. */
  MemorySegment data() {
    return page.asSlice(DATA, length());
  }
}
