package holdfast.backend.api;

import java.lang.foreign.MemorySegment;
import org.osgi.annotation.versioning.ProviderType;

/** Takes in the copy of other memory that a block is to hold. Used by one thread. */
@ProviderType
public interface CopyTarget extends AutoCloseable {
  /**
   * Copies a range to the same place in the block.
   *
   * @param from memory of the block's size
   * @throws InternalError if a page of either side is lost; it may be reported late
   */
  void copy(MemorySegment from, long offset, long length);

  /** Releases what was needed for it; the block stays. */
  @Override
  default void close() {}
}
