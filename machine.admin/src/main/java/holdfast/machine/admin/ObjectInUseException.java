package holdfast.machine.admin;

import holdfast.backend.api.HoldfastException;
import java.util.List;

/** A memory backend can't be removed while devices are on it. */
public final class ObjectInUseException extends AdminException {
  private static final long serialVersionUID = 1;

  private final String id;
  private final List<String> devices;

  /**
   * @param devices the ids of the devices on it; base RAM among them
   */
  public ObjectInUseException(String id, List<String> devices, HoldfastException cause) {
    super(cause.getMessage(), cause);
    this.id = id;
    this.devices = List.copyOf(devices);
  }

  /** Returns the id of the memory backend. */
  public String id() {
    return id;
  }

  /** Returns the ids of the devices on it. */
  public List<String> devices() {
    return devices;
  }
}
