package holdfast.machine.api;

/**
 * Told of every change of a {@link GuestMemory}.
 *
 * <p><b>Thread.</b> The one that makes the change, and only one at a time for each guest memory. A
 * change made from within a listener is told, by the same thread, after the one being told.
 *
 * <p><b>Order.</b> Changes are told in the order in which they happened, and each to all listeners,
 * in the order in which these were added, before the next one is told. A listener added later is
 * first told {@link #deviceAdded} for everything that is there. When {@link #deviceAdded} is called
 * the device can already be found; when {@link #deviceRemoved} is called it no longer can be, but
 * its bytes stay until every listener has returned.
 *
 * <p><b>Must not block.</b> Every change of the guest memory waits for the listeners: none may wait
 * for another thread, or take a lock under which it makes or awaits such a change. It may access
 * the guest memory.
 *
 * <p>What a listener throws is logged and goes no further.
 */
public interface GuestMemoryListener {

  /** {@code device} stands in the address space. */
  void deviceAdded(MemoryDevice device);

  /**
   * {@code device} is no longer part of the address space. Whatever the listener derived from its
   * segment (a cached slice, a host address given to a hypervisor) must be given up before this
   * returns: the memory can be unmapped right after.
   */
  void deviceRemoved(MemoryDevice device);

  /**
   * The state, the obtained flags or the durability of a region changed: ask it. The bytes, the
   * segment and all addresses are as they were. Told once for each region, also where two devices
   * stand on it. The answers can already be those of a later change, which is told as well.
   */
  void regionChanged(MemoryRegion region);
}
