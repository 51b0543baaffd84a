package holdfast.machine.core;

import holdfast.machine.admin.MachineStatus;
import holdfast.machine.admin.MachineSummary;
import java.time.Instant;
import java.util.List;
import java.util.Optional;

/** What a machine is, and since when. Thread-safe. */
final class Summary {
  private final Machine machine;
  private volatile Instant since = Instant.now();

  /** Begins now, with a machine that has just come up. */
  Summary(Machine machine) {
    this.machine = machine;
    machine.afterClose(() -> since = Instant.now());
  }

  MachineSummary with(MachineStatus status) {
    return new MachineSummary(status, since, hardware(status), List.of());
  }

  private Optional<MachineSummary.Hardware> hardware(MachineStatus status) {
    return status.phase() == MachineStatus.Phase.UP
        ? Optional.of(
            new MachineSummary.Hardware(
                machine.type().label(),
                machine.layout().ram(),
                machine.layout().maxmem(),
                machine.backends().size(),
                machine.memory().devices().size()))
        : Optional.empty();
  }
}
