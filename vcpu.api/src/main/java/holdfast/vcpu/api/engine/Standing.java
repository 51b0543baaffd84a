package holdfast.vcpu.api.engine;

import holdfast.machine.api.GuestRange;
import holdfast.machine.api.MemoryDevice;
import holdfast.vcpu.api.VcpuException;
import org.osgi.annotation.versioning.ProviderType;

/** How an engine stands to the memory at some guest addresses. */
@ProviderType
public sealed interface Standing {

  /** Returns the guest addresses. */
  GuestRange range();

  /** The guest can access the device. */
  record Mapped(MemoryDevice device) implements Standing {
    @Override
    public GuestRange range() {
      return device.range();
    }
  }

  /** The device was taken away, since its region has failed. */
  record Failed(MemoryDevice device) implements Standing {
    @Override
    public GuestRange range() {
      return device.range();
    }
  }

  /** The engine could not take the device in. */
  record Refused(MemoryDevice device, VcpuException reason) implements Standing {
    @Override
    public GuestRange range() {
      return device.range();
    }
  }

  /** A device was here, and nothing is now. */
  record Gone(GuestRange range, String device) implements Standing {}
}
