package holdfast.launcher.internal.cli;

import holdfast.machine.admin.DeviceStatus;
import holdfast.machine.core.Machine;
import holdfast.monitor.shell.report.MachineReport;
import java.io.PrintStream;

/** What {@code -probe} prints. */
final class Report {
  private Report() {}

  /** Prints what a machine became. */
  static void print(Machine machine, CommandLine.After after, PrintStream out) {
    MachineReport report = of(machine);
    if (after == CommandLine.After.PROBE_JSON) {
      out.println(report.toJson());
    } else {
      out.print(report.toText());
    }
  }

  static MachineReport of(Machine machine) {
    return new MachineReport(
        machine.statuses(),
        machine.memory().devices().stream().map(DeviceStatus::of).toList(),
        machine.layout().persistence());
  }
}
