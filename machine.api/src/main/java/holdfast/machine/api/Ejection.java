package holdfast.machine.api;

import org.osgi.annotation.versioning.ProviderType;

/**
 * A device that the guest has been asked to give up. It ends by {@link #eject}, by {@link #refuse},
 * when the operator takes the device away by force, or with the machine; what is called after that
 * does nothing. Thread-safe.
 */
@ProviderType
public interface Ejection {

  /** Returns the device. */
  MemoryDevice device();

  /** Returns whether the guest's answer is still awaited. */
  boolean isPending();

  /**
   * Unplugs the device, which the guest has given up. When this returns, every listener of the
   * guest memory has let go of it, except one that hangs. Takes up to 10 s for the listeners, and
   * waits before that for another change of the machine that is under way, for a minute at most; if
   * that doesn't end, the device stays, and the operator is told why. Must not be called by a
   * {@link GuestMemoryListener}, for which a change of the machine waits, nor by a thread that a
   * listener waits for, such as a vCPU's.
   */
  void eject();

  /**
   * Keeps the device, since the guest does not give it up.
   *
   * @param reason the guest's, as the end of a sentence, such as {@code its _OST status is 0x83
   *     (device in use)}
   */
  void refuse(String reason);
}
