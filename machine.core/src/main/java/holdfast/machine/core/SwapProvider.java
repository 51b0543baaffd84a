package holdfast.machine.core;

import holdfast.machine.api.GuestWriter;
import holdfast.machine.api.LiveSwap;

/**
 * Brings live swaps to a machine that {@link Holdfast} opens. Found by {@link
 * java.util.ServiceLoader}: {@code holdfast.machine.swap} has one.
 */
public interface SwapProvider {

  /** The swaps of one machine. They end with it. */
  interface MachineSwaps extends LiveSwap {
    /** From now on {@code writer} is paused for the last step of a swap; it may store on return. */
    void addWriter(GuestWriter writer);

    /** From now on {@code writer} stores nothing, and is paused no more. */
    void removeWriter(GuestWriter writer);
  }

  /** Returns what tells which files a machine can be started from. */
  ImageCheck imageCheck();

  /** Returns the swaps of a machine that is up. */
  MachineSwaps open(Machine machine);
}
