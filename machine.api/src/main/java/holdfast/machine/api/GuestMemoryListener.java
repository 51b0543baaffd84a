package holdfast.machine.api;

import org.osgi.annotation.versioning.ConsumerType;

/**
 * Receives every change of a {@link GuestMemory}.
 *
 * <p><b>Thread.</b> The thread that makes the change calls the listeners, and only one thread at a
 * time for each guest memory. A change made by a listener is reported by the same thread after the
 * present one.
 *
 * <p><b>Order.</b> Changes are reported in the order in which they happened. All listeners receive
 * a change, in the order in which they were added, before any receives the next one. A listener
 * that is added later first receives {@link #deviceAdded} for every present device. When {@link
 * #deviceAdded} is called the device can already be found; when {@link #deviceRemoved} is called it
 * no longer can be, but its bytes stay until every listener has returned.
 *
 * <p><b>Must not block.</b> Every change of the guest memory waits for the listeners. A listener
 * must not wait for another thread, nor take a lock under which it makes or awaits such a change.
 * It may access the guest memory.
 *
 * <p>Exceptions that a listener throws are logged and not passed on.
 */
@ConsumerType
public interface GuestMemoryListener {

  /** Called when {@code device} has been added to the address space. */
  void deviceAdded(MemoryDevice device);

  /**
   * Called when {@code device} has been removed from the address space. The listener must give up
   * everything derived from its segment (a cached slice, a host address given to a hypervisor)
   * before this returns: the memory can be unmapped right after.
   */
  void deviceRemoved(MemoryDevice device);

  /**
   * Called when the state, the obtained flags or the durability of a region has changed; ask the
   * region for the new values. Its bytes, segment and addresses are unchanged. Called once for each
   * region, even if two devices are on it. The values can already be those of a later change, which
   * is reported as well.
   */
  void regionChanged(MemoryRegion region);
}
