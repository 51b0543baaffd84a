package holdfast.monitor.metrics.internal;

import holdfast.machine.admin.MachineAdmin;
import holdfast.machine.admin.MachineNotUpException;
import holdfast.machine.admin.MachineStatus;
import holdfast.machine.admin.MigrationState;
import holdfast.machine.admin.MigrationStatus;
import holdfast.machine.admin.NoSuchObjectException;
import holdfast.machine.admin.ObjectCounters;
import holdfast.machine.admin.RefusedException;
import holdfast.machine.api.RunningSwap;
import holdfast.machine.api.SwapReport;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Deactivate;
import org.osgi.service.component.annotations.Reference;

/**
 * What there is to show of the machine that is up. One for all who show it, so that they look at
 * the host once.
 *
 * <p>Thread-safe.
 */
@Component(service = Readings.class)
public final class Readings {
  private final MachineAdmin admin;
  private final HostMemory memory = new HostMemory();
  private final SwapTally swaps = new SwapTally();
  private final MachineAdmin.Subscription subscription;

  /** Called by Declarative Services. */
  @Activate
  public Readings(@Reference MachineAdmin admin) {
    this.admin = admin;
    this.subscription = admin.subscribe(swaps::event);
  }

  /** Ends what is counted here. */
  @Deactivate
  public void deactivate() {
    subscription.close();
  }

  /** Returns what was counted of the memory backends; none while no machine is up. */
  public List<ObjectCounters> counters() {
    try {
      return admin.counters();
    } catch (MachineNotUpException e) {
      return List.of();
    }
  }

  /** Returns what was counted of one memory backend, if it is there. */
  public Optional<ObjectCounters> counters(String id) {
    return counters().stream().filter(one -> one.id().equals(id)).findFirst();
  }

  /**
   * Returns what regions have of the host's memory, by their host address; what came in the last
   * second may be missing.
   */
  public Map<Long, HostMemory.Use> memory(List<ObjectCounters> regions) {
    return memory.of(regions);
  }

  /** Returns the swap of a memory backend that is under way, as it is now. */
  public Optional<SwapReport> runningSwap(String id) {
    try {
      return admin.runningSwap(id).map(RunningSwap::report);
    } catch (MachineNotUpException | NoSuchObjectException e) {
      return Optional.empty(); // gone meanwhile
    }
  }

  /** Returns the last migration, if the machine has met one. */
  public Optional<MigrationStatus> migration() {
    try {
      return Optional.of(admin.migration().status())
          .filter(status -> status.state() != MigrationState.NONE);
    } catch (MachineNotUpException | RefusedException e) {
      return Optional.empty();
    }
  }

  /** Returns what was counted of the swaps that have ended. */
  public SwapTally swaps() {
    return swaps;
  }

  /** Returns whether the machine is up. */
  public boolean isUp() {
    return admin.status().phase() == MachineStatus.Phase.UP;
  }
}
