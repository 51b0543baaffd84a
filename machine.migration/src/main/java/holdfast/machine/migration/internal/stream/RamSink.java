package holdfast.machine.migration.internal.stream;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.util.List;

/**
 * Receives what a {@link RamStreamReader} reads, in its thread and in the order of the stream. An
 * exception of any of these ends the reading, which throws it.
 *
 * <p>Whatever the peer sends, blocks have different names, and pages are whole, lie inside their
 * block and begin at a multiple of {@link RamStreamFormat#TARGET_PAGE_SIZE}. A page may come again:
 * the newest is the valid one.
 */
public interface RamSink {
  /**
   * Called once, before any page.
   *
   * @param blocks the sender's, counted from 0 in this order by the calls for pages
   * @throws BlockMismatchException if they are not the receiver's
   */
  void blocks(List<RamBlockEntry> blocks) throws IOException;

  /**
   * Called before pages that lie side by side and come next, where there are many: all of them are
   * here by now, and each is told by {@link #page}.
   *
   * @param length a multiple of {@link RamStreamFormat#TARGET_PAGE_SIZE}
   */
  default void coming(int block, long offset, long length) {}

  /**
   * Receives the content of one page.
   *
   * @param content {@link RamStreamFormat#TARGET_PAGE_SIZE} bytes, read-only and valid until the
   *     call returns
   */
  void page(int block, long offset, MemorySegment content) throws IOException;

  /**
   * Receives pages all of whose bytes are zero. Adjacent ones come together, as long as they are
   * not too many.
   *
   * @param length a multiple of {@link RamStreamFormat#TARGET_PAGE_SIZE}
   */
  void zero(int block, long offset, long length) throws IOException;

  /** Called at the end of each part: of Holdfast's streams that is the end of a round. */
  default void partEnded() throws IOException {}
}
