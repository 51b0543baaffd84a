package holdfast.machine.api;

import holdfast.backend.api.BackendId;

/**
 * A live swap can't be started. The message is one sentence that names the region, what was asked
 * for and what to do.
 */
public final class SwapException extends Exception {
  private static final long serialVersionUID = 1;

  private final transient BackendId region;
  private final String why;

  /**
   * @param why half a sentence about the region
   */
  public SwapException(BackendId region, String why) {
    super("memory backend '" + region + "' can't be swapped: " + why);
    this.region = region;
    this.why = why;
  }

  /** Half a sentence about the region, for who has named that already. */
  public String why() {
    return why;
  }

  /** The region's memory backend. */
  public BackendId region() {
    return region;
  }
}
