package holdfast.machine.migration.internal.stream;

import java.io.IOException;

/**
 * Thrown when the sender's RAM blocks are not the receiver's. The sentence has the values of both.
 */
public final class BlockMismatchException extends IOException {
  private static final long serialVersionUID = 1;

  private final String block;

  /**
   * @param block the name of the block that is not the same, or that one of them lacks
   */
  BlockMismatchException(String block, String sentence) {
    super(sentence);
    this.block = block;
  }

  /** Returns the name of the block that is not the same, or that one of them lacks. */
  public String block() {
    return block;
  }
}
