package holdfast.monitor.shell.internal;

import holdfast.machine.admin.MachineAdmin;
import holdfast.monitor.shell.report.Screen;
import holdfast.monitor.shell.report.SummaryReport;
import java.time.Instant;
import org.apache.felix.service.command.Descriptor;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Reference;

/** The command {@code machine:status}. */
@Component(
    service = SummaryCommand.class,
    property = {"osgi.command.scope=machine", "osgi.command.function=status"})
public final class SummaryCommand {
  /** Its name, with the scope that tells it from {@code ram:status}. */
  static final String NAME = "machine:status";

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
}
