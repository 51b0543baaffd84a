package holdfast.machine.nvdimm.labels;

import holdfast.machine.nvdimm.NvdimmDsm;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;

/** Asks as a guest's AML does: lays requests into a page, and reads the answers there. */
public final class DsmPage {
  /** The greatest transfer. */
  public static final int MAX_TRANSFER = 4076;

  static final ValueLayout.OfInt INT =
      ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

  private final NvdimmDsm dsm;
  private final MemorySegment page;

  /** With a page of its own. */
  public DsmPage(NvdimmDsm dsm) {
    this(dsm, Arena.ofAuto().allocate(NvdimmDsm.PAGE_SIZE));
  }

  /** With the guest's page. */
  public DsmPage(NvdimmDsm dsm, MemorySegment page) {
    this.dsm = dsm;
    this.page = page;
  }

  /** The page. */
  public MemorySegment page() {
    return page;
  }

  /** A number in the page. */
  public int at(long offset) {
    return page.get(INT, offset);
  }

  /** Lays numbers into the page: handle, revision, function, arguments. */
  public DsmPage lay(int... numbers) {
    for (int index = 0; index < numbers.length; index++) {
      page.set(INT, 4L * index, numbers[index]);
    }
    return this;
  }

  /** Has it answered. Returns the number behind the length. */
  public int ask() {
    if (!dsm.answer(page)) {
      throw new AssertionError("no answer");
    }
    return at(4);
  }

  /** Asks with these numbers. */
  public int ask(int... numbers) {
    return lay(numbers).ask();
  }

  /** Reads a range. */
  public byte[] read(int handle, int offset, int length) {
    byte[] bytes = new byte[length];
    for (int done = 0; done < length; ) {
      int part = Math.min(MAX_TRANSFER, length - done);
      requireSuccess(ask(handle, 1, 5, offset + done, part));
      MemorySegment.copy(page, ValueLayout.JAVA_BYTE, 8, bytes, done, part);
      done += part;
    }
    return bytes;
  }

  /** Writes a range. */
  public void write(int handle, int offset, byte[] bytes) {
    for (int done = 0; done < bytes.length; ) {
      int part = Math.min(MAX_TRANSFER, bytes.length - done);
      MemorySegment.copy(bytes, done, page, ValueLayout.JAVA_BYTE, 20, part);
      requireSuccess(ask(handle, 1, 6, offset + done, part));
      done += part;
    }
  }

  /** The size of a label area. */
  public int labelSize(int handle) {
    requireSuccess(ask(handle, 1, 4));
    return at(8);
  }

  private static void requireSuccess(int status) {
    if (status != 0) {
      throw new AssertionError("status " + status);
    }
  }
}
