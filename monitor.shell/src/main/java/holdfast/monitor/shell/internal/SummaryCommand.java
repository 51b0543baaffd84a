package holdfast.monitor.shell.internal;

import holdfast.machine.admin.MachineAdmin;
import holdfast.machine.admin.MachineStatus;
import holdfast.monitor.shell.report.Screen;
import holdfast.monitor.shell.report.SummaryReport;
import java.time.Instant;
import org.apache.felix.service.command.Descriptor;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Reference;

/** The commands {@code machine:status} and {@code machine:restart}. */
@Component(
    service = SummaryCommand.class,
    property = {
      "osgi.command.scope=machine",
      "osgi.command.function=status",
      "osgi.command.function=restart"
    })
public final class SummaryCommand {
  /** Its name, with the scope that tells it from {@code ram:status}. */
  static final String NAME = "machine:status";

  /** The name of the other one. */
  static final String RESTART = "machine:restart";

  private final MachineAdmin admin;

  /** Called by Declarative Services. */
  @Activate
  public SummaryCommand(@Reference MachineAdmin admin) {
    this.admin = admin;
  }

  /** Runs {@code machine:status}. */
  @Descriptor(
      "says what the machine is, since when, what it waits for, and by which doors it is reached")
  public String status(@Descriptor("no arguments") Object... arguments)
      throws InterruptedException {
    return CommandFailure.orAnswer(
        NAME,
        () -> {
          Arguments.read(NAME, arguments).words();
          Screen screen = new Screen();
          new SummaryReport(admin.summary()).show(screen, Instant.now());
          return screen.toString();
        });
  }

  /** Runs {@code machine:restart}. */
  @Descriptor(
      "ends the machine in order and brings it up again as it is configured; what is in no file is"
          + " gone")
  public String restart(@Descriptor("no arguments") Object... arguments)
      throws InterruptedException {
    return CommandFailure.orAnswer(
        RESTART,
        () -> {
          Arguments.read(RESTART, arguments).words();
          MachineStatus after = admin.restart();
          if (after.phase() != MachineStatus.Phase.UP) {
            throw new CommandFailure(after.sentence());
          }
          return after.sentence();
        });
  }
}
