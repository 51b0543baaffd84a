package holdfast.monitor.shell.report;

import holdfast.backend.api.ByteSize;
import holdfast.machine.admin.MachineStatus;
import holdfast.machine.admin.MigratedRam;
import holdfast.machine.admin.MigrationState;
import holdfast.machine.admin.MigrationStatus;
import holdfast.machine.admin.MigrationWords;
import holdfast.machine.admin.SwapWords;

/** Shows migrations on a terminal. */
public final class MigrationScreen {
  private MigrationScreen() {}

  /**
   * Shows the migration that is under way, or else the last one, and whether the guest is here, one
   * fact a line.
   */
  public static void show(MigrationStatus status, MachineStatus machine, Screen screen) {
    screen.heading(MigrationWords.line(status));
    screen.fact("machine", machine.sentence());
    if (status.state() == MigrationState.NONE) {
      return;
    }
    MigratedRam ram = status.ram();
    screen.fact(
        "memory",
        ram.total()
            + ", "
            + ram.transferred().rounded()
            + (status.incoming()
                ? " received"
                : " sent, " + ram.remaining().rounded() + " remaining"));
    screen.fact("pages", ram.normalPages() + " as they are, " + ram.zeroPages() + " as zeros");
    if (ram.rounds() > 0) {
      screen.fact(
          "rounds",
          ram.rounds()
              + "; in the last one "
              + ram.dirtyPagesRate()
              + " pages/s dirtied, "
              + new ByteSize(ram.bytesPerSecond()).rounded()
              + "/s sent");
    }
    screen.fact("time", SwapWords.roughly(status.time()));
    status.setup().ifPresent(time -> screen.fact("setup", SwapWords.roughly(time)));
    status.downtime().ifPresent(time -> screen.fact("downtime", SwapWords.roughly(time)));
    status
        .expectedDowntime()
        .ifPresent(time -> screen.fact("downtime", SwapWords.roughly(time) + " expected"));
  }
}
