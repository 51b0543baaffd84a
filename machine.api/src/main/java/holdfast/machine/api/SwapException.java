package holdfast.machine.api;

import holdfast.backend.api.BackendId;
import holdfast.backend.api.HoldfastException;

/**
 * A live swap can't be started. The message is one sentence that names the region and what was
 * asked for, and says what to do.
 */
public final class SwapException extends HoldfastException {
  private static final long serialVersionUID = 1;

  private final transient BackendId region;
  private final String why;

  /**
   * @param why half a sentence about the region
   */
  public SwapException(BackendId region, String why) {
    super(sentence(region, why));
    this.region = region;
    this.why = why;
  }

  /**
   * @param why half a sentence about the region
   * @param cause what led to it
   */
  public SwapException(BackendId region, String why, Throwable cause) {
    super(sentence(region, why), cause);
    this.region = region;
    this.why = why;
  }

  private static String sentence(BackendId region, String why) {
    return "memory backend '" + region + "' can't be swapped: " + why;
  }

  /** Returns the reason, as half a sentence about the region, for messages that already name it. */
  public String why() {
    return why;
  }

  /** Returns the id of the region's memory backend. */
  public BackendId region() {
    return region;
  }
}
