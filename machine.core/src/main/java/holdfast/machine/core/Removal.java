package holdfast.machine.core;

import holdfast.machine.admin.AdminException;
import holdfast.machine.admin.Retention;
import holdfast.machine.api.MemoryDevice;
import org.osgi.annotation.versioning.ConsumerType;

/** Unplugs a device that the guest has given up. */
@ConsumerType
@FunctionalInterface
public interface Removal {
  /**
   * Unplugs it, and never another one that has come to have its id.
   *
   * @return whether it is also gone at the next start
   * @throws AdminException if it stays
   */
  Retention remove(MemoryDevice device) throws AdminException;
}
