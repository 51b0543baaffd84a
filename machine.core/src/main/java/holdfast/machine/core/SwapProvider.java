package holdfast.machine.core;

import holdfast.machine.api.GuestWriter;
import holdfast.machine.api.LiveSwap;
import org.osgi.annotation.versioning.ProviderType;

/**
 * Adds live swaps to a machine that {@link Holdfast} opens. Found by {@link
 * java.util.ServiceLoader}: {@code holdfast.machine.swap} provides one.
 */
@ProviderType
public interface SwapProvider {

  /** The swaps of one machine. They end with it. */
  @ProviderType
  interface MachineSwaps extends LiveSwap {
    /**
     * Registers {@code writer}: from now on it is paused for the last step of a swap. It may store
     * when this returns.
     */
    void addWriter(GuestWriter writer);

    /** Unregisters {@code writer}, which no longer stores: it is no longer paused. */
    void removeWriter(GuestWriter writer);
  }

  /** Returns the check that decides which files a machine can be started from. */
  ImageCheck imageCheck();

  /** Returns the swaps of an open machine. */
  MachineSwaps open(Machine machine);
}
