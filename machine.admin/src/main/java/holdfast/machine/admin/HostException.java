package holdfast.machine.admin;

import holdfast.backend.api.HoldfastException;

/**
 * The host could not do what was asked for: a file can't be opened, its disk is full or fails, no
 * memory is left. The cause says which, with its errno where there is one.
 */
public final class HostException extends AdminException {
  private static final long serialVersionUID = 1;

  /**
   * @param sentence what could not be done and why
   */
  public HostException(String sentence, Throwable cause) {
    super(sentence, cause);
  }

  public HostException(HoldfastException cause) {
    super(cause.getMessage(), cause);
  }
}
