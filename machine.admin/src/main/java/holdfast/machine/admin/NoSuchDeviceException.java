package holdfast.machine.admin;

import java.util.List;

/** No device has the id. */
public final class NoSuchDeviceException extends AdminException {
  private static final long serialVersionUID = 1;

  private final String id;

  /**
   * @param known the ids that there are
   */
  public NoSuchDeviceException(String id, List<String> known) {
    super("there is no device '" + id + "'; there are " + String.join(", ", known));
    this.id = id;
  }

  /** Returns the id that was asked for. */
  public String id() {
    return id;
  }
}
