package holdfast.machine.admin;

/** No device has the id. */
public final class NoSuchDeviceException extends AdminException {
  private static final long serialVersionUID = 1;

  private final String id;

  public NoSuchDeviceException(String id) {
    super("there is no device '" + id + "'; ram:list shows those there are");
    this.id = id;
  }

  /** Returns the id that was asked for. */
  public String id() {
    return id;
  }
}
