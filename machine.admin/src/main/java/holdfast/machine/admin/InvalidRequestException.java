package holdfast.machine.admin;

import holdfast.backend.api.HoldfastException;

/**
 * The request itself has a mistake, whatever the machine is like: a type or property that doesn't
 * exist, a value that it can't have, a range outside of an object.
 */
public final class InvalidRequestException extends AdminException {
  private static final long serialVersionUID = 1;

  public InvalidRequestException(String sentence) {
    super(sentence);
  }

  public InvalidRequestException(HoldfastException cause) {
    super(cause.getMessage(), cause);
  }
}
