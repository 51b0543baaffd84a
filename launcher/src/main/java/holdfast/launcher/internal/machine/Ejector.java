package holdfast.launcher.internal.machine;

import holdfast.machine.api.MemoryDevice;
import java.util.Optional;

/** Asks the guest for a device that is no longer configured. */
@FunctionalInterface
public interface Ejector {
  /** Nobody can ask the guest. */
  Ejector NONE = device -> Optional.empty();

  /** What the guest was asked. */
  @FunctionalInterface
  interface Question {
    /** Returns whether its answer is still awaited, and somebody is there who can hand it on. */
    boolean isOpen();
  }

  /**
   * Asks the guest to give up a device, which is unplugged when it has. Doesn't block.
   *
   * @return empty if nobody can ask the guest: then the device can be unplugged at once
   */
  Optional<Question> ask(MemoryDevice device);
}
