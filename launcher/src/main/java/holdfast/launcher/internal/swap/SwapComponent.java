package holdfast.launcher.internal.swap;

import holdfast.backend.api.BackendId;
import holdfast.launcher.internal.machine.Configurations;
import holdfast.launcher.internal.machine.ConfiguredBackend;
import holdfast.launcher.internal.machine.MachineComponent;
import holdfast.launcher.internal.machine.MachineState;
import holdfast.machine.api.LiveSwap;
import holdfast.machine.api.RunningSwap;
import holdfast.machine.api.SwapException;
import holdfast.machine.api.SwapLimits;
import holdfast.machine.api.SwapPlan;
import holdfast.machine.api.SwapReport;
import holdfast.machine.config.options.ParsedObject;
import holdfast.machine.copy.GuestWriters;
import holdfast.machine.core.Backend;
import holdfast.machine.core.Machine;
import holdfast.machine.swap.SwapRecorder;
import holdfast.machine.swap.Swapper;
import holdfast.machine.swap.Swaps;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.osgi.service.cm.ConfigurationAdmin;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Deactivate;
import org.osgi.service.component.annotations.Reference;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The service of live swaps for the machine that is up. Also makes the swaps that configurations
 * ask for.
 */
@Component(
    service = {LiveSwap.class, SwapComponent.class},
    immediate = true)
public final class SwapComponent implements LiveSwap {
  private static final Logger LOG = LoggerFactory.getLogger(SwapComponent.class);

  private final MachineComponent component;
  private final Configurations configurations;
  private final GuestWriters writers;
  private final Runnable unwatch;
  private @Nullable Machine machine;
  private @Nullable Swaps swaps;

  /** Called by Declarative Services. */
  @Activate
  public SwapComponent(
      @Reference MachineComponent component, @Reference ConfigurationAdmin configurations) {
    this.component = component;
    this.writers = component.guestWriters();
    this.configurations = new Configurations(configurations);
    component.swapWith(this::follow);
    unwatch =
        component.onState(
            state -> {
              if (state instanceof MachineState.Up(Machine up)) {
                swapsOf(up);
              }
            });
  }

  @Deactivate
  synchronized void deactivate() {
    unwatch.run();
    component.swapWith(Swapper.NONE);
    if (swaps != null) {
      swaps.close();
    }
  }

  /** Returns the swaps of the machine that is up. */
  private Swaps swaps(BackendId id) throws SwapException {
    if (component.state() instanceof MachineState.Up(Machine up)) {
      return swapsOf(up);
    }
    throw new SwapException(id, "the machine is not up");
  }

  /** Returns the swaps of a machine that is up. */
  @SuppressWarnings("ReferenceEquality") // a machine is itself
  public synchronized Swaps swapsOf(Machine up) {
    Swaps present = swaps;
    if (present == null || machine != up) {
      present = new Swaps(up, writers, this::record, component::wake);
      present.serve();
      machine = up;
      swaps = present;
    }
    return present;
  }

  /** Starts a swap that a changed configuration of the machine that is up asks for. */
  private Swapper.Answer follow(Backend backend, ParsedObject wanted) {
    try {
      return swaps(backend.region().id()).follow(backend, wanted);
    } catch (SwapException e) {
      return new Swapper.Answer.Refused(e.why());
    }
  }

  /** Stores the outcome of a swap in the backend's configuration. */
  private void record(Backend backend, SwapRecorder.Outcome outcome) {
    Optional<ConfiguredBackend> configured = component.configured(backend.region().id().value());
    configured.ifPresent(one -> one.record(outcome, configurations));
    if (configured.isEmpty() && outcome.done()) {
      LOG.warn(
          "memory backend '{}' has no configuration: at the next start it is plain memory again",
          backend.region().id());
    }
  }

  @Override
  public SwapPlan plan(BackendId region, Map<String, String> changes, SwapLimits limits)
      throws SwapException {
    return swaps(region).plan(region, changes, limits);
  }

  @Override
  public RunningSwap start(BackendId region, Map<String, String> changes, SwapLimits limits)
      throws SwapException {
    return swaps(region).start(region, changes, limits);
  }

  @Override
  public Optional<RunningSwap> running(BackendId region) {
    try {
      return swaps(region).running(region);
    } catch (SwapException e) {
      return Optional.empty();
    }
  }

  @Override
  public List<SwapReport> history(BackendId region) {
    try {
      return swaps(region).history(region);
    } catch (SwapException e) {
      return List.of();
    }
  }
}
