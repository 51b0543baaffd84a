package holdfast.machine.core;

import java.util.List;

/** A memory backend can't be removed while devices are on it. */
public final class BackendInUseException extends MachineException {
  private static final long serialVersionUID = 1;

  private final List<String> devices;

  BackendInUseException(String id, List<String> devices) {
    super(
        "memory backend '"
            + id
            + "' is in use by "
            + String.join(", ", devices)
            + (devices.getFirst().startsWith("ram:")
                ? ", the machine's base RAM, and stays until the machine ends"
                : "; unplug that first"));
    this.devices = List.copyOf(devices);
  }

  /** Returns the ids of the devices on it, base RAM among them. */
  public List<String> devices() {
    return devices;
  }
}
