package holdfast.monitor.health.internal;

import holdfast.machine.admin.MachineAdmin;
import holdfast.machine.admin.MachineNotUpException;
import holdfast.machine.admin.NoSuchObjectException;
import holdfast.machine.admin.ObjectStatus;
import holdfast.machine.api.RunningSwap;
import holdfast.machine.api.SwapPhase;
import holdfast.machine.api.SwapReport;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.function.LongSupplier;
import org.apache.felix.hc.api.FormattingResultLog;
import org.apache.felix.hc.api.HealthCheck;
import org.apache.felix.hc.api.Result;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Reference;

/**
 * Whether a swap is stuck: a warning when one has not got any further for a minute, as far as
 * earlier executions saw it; critical when one has been switching for longer than that, since its
 * writers may be paused. Where all bytes are set aside or compared, which shows no progress, the
 * time that this takes at {@value #SLOW_MIB} MiB a second is added. Thread-safe.
 */
@Component(property = {"hc.name=Holdfast swaps", "hc.tags=holdfast", "hc.tags=swap"})
public final class SwapHealth implements HealthCheck {
  private static final Duration LIMIT = Duration.ofMinutes(1);

  /** What a slow disk manages. */
  private static final long SLOW_MIB = 32;

  private final MachineAdmin admin;
  private final LongSupplier nanoTime;

  /** By the id of the memory backend. */
  private final Map<String, Seen> seen = new HashMap<>();

  /**
   * How far a swap was, and since when.
   *
   * @param since a moment of {@link System#nanoTime}
   */
  private record Seen(int number, SwapPhase phase, int round, long copied, long since) {
    boolean isAsFarAs(SwapReport report) {
      return number == report.number()
          && phase == report.phase()
          && round == report.round()
          && copied == report.copied().bytes();
    }
  }

  /** Called by Declarative Services. */
  @Activate
  public SwapHealth(@Reference MachineAdmin admin) {
    this(admin, System::nanoTime);
  }

  SwapHealth(MachineAdmin admin, LongSupplier nanoTime) {
    this.admin = admin;
    this.nanoTime = nanoTime;
  }

  @Override
  public synchronized Result execute() {
    return Objects.checked(admin, "no swap is stuck", this::look);
  }

  private void look(ObjectStatus object, FormattingResultLog log) {
    Optional<RunningSwap> running = running(object.id());
    if (running.isEmpty()) {
      seen.remove(object.id());
      return;
    }
    SwapReport report = running.get().report();
    long now = nanoTime.getAsLong();
    Seen before = seen.get(object.id());
    if (before == null || !before.isAsFarAs(report)) {
      seen.put(object.id(), at(report, now));
      return;
    }
    Duration stuck = Duration.ofNanos(now - before.since());
    if (stuck.compareTo(limit(report)) < 0) {
      return;
    }
    String sentence =
        "swap "
            + report.number()
            + " of '"
            + object.id()
            + "' to "
            + report.to()
            + " has been at "
            + report.phase()
            + " with "
            + report.copied()
            + " copied for "
            + stuck.toSeconds()
            + " s: "
            + advice(report);
    if (report.phase() == SwapPhase.SWITCH) {
      log.critical("{}", sentence);
    } else {
      log.warn("{}", sentence);
    }
  }

  private static Duration limit(SwapReport report) {
    return switch (report.phase()) {
      case PREPARE, VERIFY -> LIMIT.plusSeconds((report.total().bytes() >> 20) / SLOW_MIB);
      default -> LIMIT;
    };
  }

  private static String advice(SwapReport report) {
    return report.phase() == SwapPhase.RELEASE
        ? "the new backing serves, and only the end of the old one is awaited: look at its disk"
        : "cancel it with ram:swap "
            + report.region()
            + " -cancel, and look at its disks and writers";
  }

  private static Seen at(SwapReport report, long now) {
    return new Seen(report.number(), report.phase(), report.round(), report.copied().bytes(), now);
  }

  private Optional<RunningSwap> running(String id) {
    try {
      return admin.runningSwap(id);
    } catch (MachineNotUpException | NoSuchObjectException e) {
      return Optional.empty(); // gone meanwhile
    }
  }
}
