package holdfast.machine.admin;

/** Another object or device has the id. */
public final class DuplicateIdException extends AdminException {
  private static final long serialVersionUID = 1;

  private final String id;

  public DuplicateIdException(String id, Exception cause) {
    super("" + cause.getMessage(), cause);
    this.id = id;
  }

  /** Returns the id that is taken. */
  public String id() {
    return id;
  }
}
