package holdfast.vcpu.api.engine;

import holdfast.machine.api.MemoryDevice;
import holdfast.vcpu.api.VcpuException;
import org.osgi.annotation.versioning.ConsumerType;

/**
 * Shows memory devices to an engine's guest. Called by one thread at a time, while vCPUs run.
 *
 * <p>Re-maps and swaps change nothing of a device's addresses, and are not told: what stands behind
 * the host addresses is exchanged under the guest.
 */
@ConsumerType
public interface GuestMapper {

  /**
   * Shows a device to the guest: its bytes at its guest address, for loads alone if it is {@link
   * MemoryDevice#readOnly}. The host address of its segment stays valid until {@link #unmap}
   * returns.
   *
   * @throws VcpuException if that can't be; then nothing of the device is shown
   */
  void map(MemoryDevice device) throws VcpuException;

  /**
   * Takes a device away that was shown. When this returns, no access of a guest to its host
   * addresses is under way, and none begins. Must not throw.
   */
  void unmap(MemoryDevice device);
}
