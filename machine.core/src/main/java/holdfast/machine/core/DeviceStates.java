package holdfast.machine.core;

import holdfast.machine.api.DeviceState;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;

/** The parts of an emulator whose state goes with its guest. Thread-safe. */
public final class DeviceStates {
  private final List<DeviceState> present = new CopyOnWriteArrayList<>();

  /** Adds one. */
  public void add(DeviceState state) {
    present.add(state);
  }

  /** Removes one; does nothing if it isn't there. */
  public void remove(DeviceState state) {
    present.remove(state);
  }

  /** Returns those that are there now, in the order in which they came. */
  public List<DeviceState> list() {
    return List.copyOf(present);
  }
}
