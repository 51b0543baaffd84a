package holdfast.monitor.health.internal;

import holdfast.machine.admin.MachineAdmin;
import holdfast.machine.admin.MachineStatus;
import org.apache.felix.hc.api.FormattingResultLog;
import org.apache.felix.hc.api.HealthCheck;
import org.apache.felix.hc.api.Result;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Reference;

/**
 * Whether the machine is up, and why not: critical if it can't come up as it is configured,
 * temporarily unavailable while something is awaited, a warning if no machine is configured.
 */
@Component(property = {"hc.name=Holdfast machine", "hc.tags=holdfast", "hc.tags=machine"})
public final class MachineHealth implements HealthCheck {
  private final MachineAdmin admin;

  /** Called by Declarative Services. */
  @Activate
  public MachineHealth(@Reference MachineAdmin admin) {
    this.admin = admin;
  }

  @Override
  public Result execute() {
    FormattingResultLog log = new FormattingResultLog();
    MachineStatus status = admin.status();
    switch (status.phase()) {
      case UP -> log.info("{}", status.sentence());
      case STARTING, WAITING, INCOMPLETE -> log.temporarilyUnavailable("{}", status.sentence());
      case UNCONFIGURED -> log.warn("{}", status.sentence());
      case FAILED, ENDED -> log.critical("{}", status.sentence());
    }
    return new Result(log);
  }
}
