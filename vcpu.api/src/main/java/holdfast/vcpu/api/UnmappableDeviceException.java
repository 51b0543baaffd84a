package holdfast.vcpu.api;

import holdfast.machine.api.MemoryDevice;

/** Thrown when an engine can't show a device to the guest as it is. */
public final class UnmappableDeviceException extends VcpuException {
  private static final long serialVersionUID = 1;

  private final transient MemoryDevice device;

  /**
   * @param reason what is in the way and what to do, as half a sentence
   */
  public UnmappableDeviceException(String engine, MemoryDevice device, String reason) {
    super(
        engine,
        "device '" + device.id() + "' at " + device.range() + " can't be mapped: " + reason);
    this.device = device;
  }

  /** Returns the device. */
  public MemoryDevice device() {
    return device;
  }
}
