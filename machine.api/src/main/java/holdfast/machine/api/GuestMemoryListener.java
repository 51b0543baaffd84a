package holdfast.machine.api;

import org.osgi.annotation.versioning.ConsumerType;

/**
 * Receives every change of a {@link GuestMemory}.
 *
 * <p><b>Thread.</b> Each listener is called by a thread of its own, one call at a time. Whoever
 * makes a change waits until all listeners have returned from it, and from the changes that they
 * have made themselves in response, up to 10 s. An access that meets a lost page makes a change,
 * too: a listener should take no lock that is held during accesses.
 *
 * <p><b>Order.</b> A listener receives the changes in the order in which they happened. There is no
 * order among several listeners. A listener that is added later first receives {@link #deviceAdded}
 * for every present device. When {@link #deviceAdded} is called the device can already be found,
 * unless another change has meanwhile removed it; when {@link #deviceRemoved} is called it no
 * longer can be, but its bytes stay until every listener has returned.
 *
 * <p><b>Within a call</b> a listener may access the guest memory, change it, and add and remove
 * listeners, itself included. None of that waits for a listener. A change that it makes is reported
 * to it after the present one.
 *
 * <p><b>A listener that hangs</b> for more than these 10 s is named by a warning, and nobody waits
 * for it any more. It receives what it has missed, in order, when it returns; then it is waited for
 * again. A removed device that it may be using stays mapped meanwhile, also after the machine's
 * end.
 *
 * <p>What a listener throws is logged and not passed on, and the listener is kept.
 */
@ConsumerType
public interface GuestMemoryListener {

  /** Called when {@code device} has been added to the address space. */
  void deviceAdded(MemoryDevice device);

  /**
   * Called when {@code device} has been removed from the address space. The listener must give up
   * everything derived from its segment (a cached slice, a host address given to a hypervisor)
   * before this returns: the memory can be unmapped right after, and not before.
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
