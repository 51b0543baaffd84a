package holdfast.launcher.internal.machine;

import holdfast.machine.api.MemoryDevice;

/** Asks the guest for a device that is no longer configured. */
@FunctionalInterface
public interface Ejector {
  /** Nobody can ask the guest. */
  Ejector NONE = device -> false;

  /**
   * Asks the guest to give up a device, which is unplugged when it has. Doesn't block.
   *
   * @return false if nobody can ask the guest: then the device can be unplugged at once
   */
  boolean ask(MemoryDevice device);
}
