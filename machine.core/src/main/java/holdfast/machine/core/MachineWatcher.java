package holdfast.machine.core;

import holdfast.machine.api.MemoryDevice;
import org.osgi.annotation.versioning.ConsumerType;

/**
 * Receives the changes of a machine. Called by the thread that makes the change, at once and in the
 * order of the changes; a watcher must not block, nor change the machine.
 */
@ConsumerType
public interface MachineWatcher {
  /** Called when a memory backend was added. */
  default void objectAdded(Backend backend) {}

  /** Called when a memory backend was removed. */
  default void objectRemoved(Backend backend) {}

  /** Called when state, flags, durability, allocator or properties of a memory backend changed. */
  default void objectChanged(Backend backend) {}

  /** Called when a device was plugged. */
  default void devicePlugged(MemoryDevice device) {}

  /** Called when a device was unplugged. */
  default void deviceUnplugged(MemoryDevice device) {}
}
