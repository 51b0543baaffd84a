package holdfast.monitor.health.internal;

import holdfast.machine.admin.MachineAdmin;
import holdfast.machine.admin.MachineNotUpException;
import holdfast.machine.admin.MachineStatus;
import holdfast.machine.admin.MigrationStatus;
import holdfast.machine.admin.MigrationWords;
import holdfast.machine.admin.Ownership;
import holdfast.machine.admin.RefusedException;
import org.apache.felix.hc.api.FormattingResultLog;
import org.apache.felix.hc.api.HealthCheck;
import org.apache.felix.hc.api.Result;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Reference;

/**
 * Whether the last migration needs somebody: critical while nobody has said where its guest goes
 * on, which is stopped on both sides until then; a warning if it failed, with the reason.
 */
@Component(property = {"hc.name=Holdfast migrations", "hc.tags=holdfast", "hc.tags=migration"})
public final class MigrationHealth implements HealthCheck {
  private final MachineAdmin admin;

  /** Called by Declarative Services. */
  @Activate
  public MigrationHealth(@Reference MachineAdmin admin) {
    this.admin = admin;
  }

  @Override
  public Result execute() {
    FormattingResultLog log = new FormattingResultLog();
    try {
      look(admin.status(), admin.migration().status(), log);
    } catch (MachineNotUpException | RefusedException e) {
      log.info("there is nothing to look at: {}", e.getMessage());
    }
    return new Result(log);
  }

  private static void look(MachineStatus machine, MigrationStatus last, FormattingResultLog log) {
    String line = MigrationWords.line(last);
    switch (last.state()) {
      case UNDECIDED ->
          log.critical("{}; say where the guest goes on with ram:migrate_decide", line);
      case FAILED -> log.warn("{}", line);
      default -> log.info("{}", line);
    }
    if (machine.ownership() == Ownership.UNDECIDED) { // also if this process has not begun it
      log.critical("{}", machine.sentence());
    }
  }
}
