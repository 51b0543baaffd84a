package holdfast.machine.core;

import holdfast.machine.api.DeviceState;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;

/** The parts of an emulator whose state goes with its guest. Thread-safe. */
public final class DeviceStates {
  private final List<DeviceState> present = new CopyOnWriteArrayList<>();

  /** Adds one. */
  public void add(DeviceState state) {
    synchronized (present) {
      present.add(state);
      present.notifyAll();
    }
  }

  /** Waits until so many are there, or the limit is over. */
  public void await(int count, Duration limit) throws InterruptedException {
    long end = System.nanoTime() + limit.toNanos();
    synchronized (present) {
      long left = limit.toMillis();
      while (present.size() < count && left > 0) {
        present.wait(left);
        left = TimeUnit.NANOSECONDS.toMillis(end - System.nanoTime());
      }
    }
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
