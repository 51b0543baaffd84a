package holdfast.vcpu.api;

import holdfast.machine.api.MemoryDevice;

/** Thrown when the engine has a slot for each memory device, and none is left for this one. */
public final class NoSlotLeftException extends VcpuException {
  private static final long serialVersionUID = 1;

  private final transient MemoryDevice device;
  private final int slots;

  /**
   * @param slots how many the engine has
   */
  public NoSlotLeftException(String engine, MemoryDevice device, int slots) {
    super(
        engine,
        "no memory slot is left for device '"
            + device.id()
            + "' at "
            + device.range()
            + ": there are "
            + slots
            + "; unplug a device first");
    this.device = device;
    this.slots = slots;
  }

  /** Returns the device that got none. */
  public MemoryDevice device() {
    return device;
  }

  /** Returns how many slots the engine has. */
  public int slots() {
    return slots;
  }
}
