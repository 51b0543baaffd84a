package holdfast.machine.admin;

import holdfast.backend.api.HoldfastException;

/**
 * Something else is under way with the object or the machine: a swap, another change. The same
 * request can succeed later.
 */
public final class BusyException extends AdminException {
  private static final long serialVersionUID = 1;

  public BusyException(String sentence) {
    super(sentence);
  }

  public BusyException(HoldfastException cause) {
    super(cause.getMessage(), cause);
  }
}
