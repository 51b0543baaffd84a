package holdfast.backend.api;

import java.util.OptionalInt;

/**
 * Whether every page of a block is made present before the block is handed out, and by how many
 * threads.
 *
 * @param wanted whether the pages are made present
 * @param threads the most threads to use, 1 or more; empty for the number of processors. Never more
 *     than 16 are used, nor more than one for each 64 MiB
 */
public record Preallocation(boolean wanted, OptionalInt threads) {
  /** Pages become present when they are first touched. */
  public static final Preallocation NONE = new Preallocation(false, OptionalInt.empty());

  /**
   * Every page is made present, by as many threads as there are processors, within the limits of
   * {@code threads}.
   */
  public static final Preallocation ALL = new Preallocation(true, OptionalInt.empty());

  /**
   * @throws IllegalArgumentException if {@code threads} is less than 1
   */
  public Preallocation {
    if (threads.isPresent() && threads.getAsInt() < 1) {
      throw new IllegalArgumentException(
          "prealloc-threads=" + threads.getAsInt() + ": write 1 or more");
    }
  }
}
