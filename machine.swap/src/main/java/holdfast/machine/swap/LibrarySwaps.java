package holdfast.machine.swap;

import holdfast.machine.copy.GuestWriters;
import holdfast.machine.core.ImageCheck;
import holdfast.machine.core.Machine;
import holdfast.machine.core.SwapProvider;

/** Provides the live swaps of machines that are opened as a library, without configurations. */
public final class LibrarySwaps implements SwapProvider {

  /** Called by {@link java.util.ServiceLoader}. */
  public LibrarySwaps() {}

  @Override
  public ImageCheck imageCheck() {
    return Swaps.imageCheck();
  }

  @Override
  public MachineSwaps open(Machine machine) {
    GuestWriters writers = new GuestWriters();
    Swaps swaps = new Swaps(machine, writers, SwapRecorder.NONE, () -> {});
    swaps.serve();
    machine.afterClose(
        () -> {
          if (machine.letsWritersGoOn()) {
            writers.removeAll(); // nobody else knows them
          }
        });
    return swaps;
  }
}
