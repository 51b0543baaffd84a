package holdfast.machine.admin;

import holdfast.backend.api.HoldfastException;

/** No memory backend has the id. */
public final class NoSuchObjectException extends AdminException {
  private static final long serialVersionUID = 1;

  private final String id;

  public NoSuchObjectException(String id) {
    super("there is no memory backend '" + id + "'; ram:list shows those there are");
    this.id = id;
  }

  /** Names what asked for it, such as a device whose {@code memdev} it is. */
  public NoSuchObjectException(String id, HoldfastException cause) {
    super(cause.getMessage(), cause);
    this.id = id;
  }

  /** Returns the id that was asked for. */
  public String id() {
    return id;
  }
}
