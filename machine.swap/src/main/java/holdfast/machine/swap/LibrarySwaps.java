package holdfast.machine.swap;

import holdfast.backend.api.BackendId;
import holdfast.machine.api.GuestWriter;
import holdfast.machine.api.RunningSwap;
import holdfast.machine.api.SwapException;
import holdfast.machine.api.SwapLimits;
import holdfast.machine.api.SwapPlan;
import holdfast.machine.api.SwapReport;
import holdfast.machine.copy.GuestWriters;
import holdfast.machine.core.Backend;
import holdfast.machine.core.ImageCheck;
import holdfast.machine.core.Machine;
import holdfast.machine.core.SwapProvider;
import java.util.List;
import java.util.Map;
import java.util.Optional;

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
    return new OfOne(machine);
  }

  private static final class OfOne implements MachineSwaps {
    private final Machine machine;
    private final GuestWriters writers = new GuestWriters();
    private final Swaps swaps;

    OfOne(Machine machine) {
      this.machine = machine;
      this.swaps = new Swaps(machine, writers, SwapRecorder.NONE, () -> {});
      machine.beforeClose(swaps::close);
      machine.onFailure(this::evacuate);
    }

    private void evacuate(Backend backend) {
      Evacuation.start(backend, writers)
          .ifPresent(evacuation -> machine.beforeClose(evacuation::awaitEnd));
    }

    @Override
    public void addWriter(GuestWriter writer) {
      writers.add(writer);
    }

    @Override
    public void removeWriter(GuestWriter writer) {
      writers.remove(writer);
    }

    @Override
    public SwapPlan plan(BackendId region, Map<String, String> changes, SwapLimits limits)
        throws SwapException {
      return swaps.plan(region, changes, limits);
    }

    @Override
    public RunningSwap start(BackendId region, Map<String, String> changes, SwapLimits limits)
        throws SwapException {
      return swaps.start(region, changes, limits);
    }

    @Override
    public Optional<RunningSwap> running(BackendId region) {
      return swaps.running(region);
    }

    @Override
    public List<SwapReport> history(BackendId region) {
      return swaps.history(region);
    }
  }
}
