package holdfast.machine.admin;

import holdfast.backend.api.HoldfastException;

/** Another object or device has the id. */
public final class DuplicateIdException extends AdminException {
  private static final long serialVersionUID = 1;

  private final String id;

  public DuplicateIdException(String id, String sentence, HoldfastException cause) {
    super(sentence, cause);
    this.id = id;
  }

  /** Returns the id that is taken. */
  public String id() {
    return id;
  }
}
