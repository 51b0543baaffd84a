package holdfast.monitor.shell.report;

import static org.junit.jupiter.api.Assertions.assertEquals;

import holdfast.backend.api.ByteSize;
import holdfast.machine.admin.MachineStatus;
import holdfast.machine.admin.MachineSummary;
import holdfast.machine.admin.MachineSummary.DoorStatus;
import holdfast.machine.admin.MachineSummary.Hardware;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

class SummaryReportTest {
  private static final Instant SINCE = Instant.parse("2026-01-02T03:04:05.678Z");

  private static String text(MachineSummary summary, Duration later) {
    Screen screen = new Screen();
    new SummaryReport(summary).show(screen, SINCE.plus(later));
    return screen.toString();
  }

  @Test
  @DisplayName("a machine that is up: what it is, since when, its doors and those that failed")
  void up() {
    MachineSummary summary =
        new MachineSummary(
            MachineStatus.up(true),
            SINCE,
            Optional.of(new Hardware("pc", ByteSize.mib(128), ByteSize.gib(4), 2, 3)),
            List.of(
                new DoorStatus("unix:/run/a\nb", ""),
                new DoorStatus("tcp:127.0.0.1:4444", "QMP at tcp:127.0.0.1:4444: it is taken")));

    assertEquals(
        """
        the machine is up; its guest writers are stopped
          since         2026-01-02T03:04:05Z, for 1 d 02:03:04
          type          pc
          base RAM      128M, with devices up to 4G
          backends      2
          devices       3
          door          unix:/run/a\\u000ab
          door          closed: QMP at tcp:127.0.0.1:4444: it is taken
        """,
        text(summary, Duration.ofSeconds(86_400 + 2 * 3600 + 3 * 60 + 4)));
    assertEquals(
        List.of(
            Map.of("place", "unix:/run/a\nb"),
            Map.of(
                "place",
                "tcp:127.0.0.1:4444",
                "failure",
                "QMP at tcp:127.0.0.1:4444: it is taken")),
        new SummaryReport(summary).toMap().get("doors"));
  }

  @Test
  @DisplayName("one that is not up: what it waits for, and since when")
  void waits() {
    MachineSummary summary =
        new MachineSummary(
            new MachineStatus(MachineStatus.Phase.WAITING, "no allocator takes m0", false),
            SINCE,
            Optional.empty(),
            List.of());

    assertEquals(
        """
        the machine is not up yet: no allocator takes m0
          since         2026-01-02T03:04:05Z, for 0 d 00:00:00
          doors         no monitor has a socket
        """,
        text(summary, Duration.ZERO));
    assertEquals("waiting", new SummaryReport(summary).toMap().get("phase"));
  }
}
