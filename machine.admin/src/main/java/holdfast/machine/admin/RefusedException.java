package holdfast.machine.admin;

import holdfast.backend.api.HoldfastException;

/**
 * The request is well formed, but this machine can't do it as it is: no slot is free, the address
 * is taken, no allocator takes the object, its memory has failed.
 */
public final class RefusedException extends AdminException {
  private static final long serialVersionUID = 1;

  public RefusedException(String sentence) {
    super(sentence);
  }

  /**
   * @param sentence what was refused and why
   * @param cause what it was found by
   */
  public RefusedException(String sentence, Throwable cause) {
    super(sentence, cause);
  }

  public RefusedException(HoldfastException cause) {
    super(cause.getMessage(), cause);
  }
}
