package holdfast.monitor.metrics.internal;

import holdfast.machine.admin.AdminEvent;
import holdfast.machine.admin.AdminEvent.ObjectRemoved;
import holdfast.machine.admin.AdminEvent.StatusChanged;
import holdfast.machine.admin.AdminEvent.SwapProgressed;
import holdfast.machine.admin.MachineStatus;
import holdfast.machine.api.SwapPhase;
import holdfast.machine.api.SwapReport;
import java.time.Duration;
import java.util.Map;
import java.util.TreeMap;

/**
 * Counts the swaps that end, by their memory backend, from when this begins to listen on. What is
 * counted of a memory backend ends with it, and with the machine.
 *
 * <p>Thread-safe.
 */
public final class SwapTally {
  private final Map<String, Ended> all = new TreeMap<>();

  /**
   * What was counted of a memory backend.
   *
   * @param done how long those took that were done
   * @param rolledBack how long those took that were rolled back
   * @param pauses how long those paused writers that paused any
   * @param copied how many bytes they all copied
   */
  public record Ended(Times done, Times rolledBack, Times pauses, long copied) {
    private static final Times WHOLE = Times.none(0.1, 0.5, 1, 5, 10, 30, 60, 300, 1800, 7200);

    /** Before the first. */
    public static final Ended NONE =
        new Ended(
            WHOLE,
            WHOLE,
            Times.none(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5),
            0);

    private Ended plus(SwapReport report) {
      boolean isDone = report.phase() == SwapPhase.DONE;
      return new Ended(
          isDone ? done.plus(report.time()) : done,
          isDone ? rolledBack : rolledBack.plus(report.time()),
          report.pause().compareTo(Duration.ZERO) > 0 ? pauses.plus(report.pause()) : pauses,
          copied + report.copied().bytes());
    }
  }

  synchronized void event(AdminEvent event) {
    switch (event.change()) {
      case SwapProgressed(SwapReport report) when report.phase().isEnd() -> {
        String id = report.region().value();
        all.put(id, of(id).plus(report));
      }
      case ObjectRemoved(String id) -> all.remove(id);
      case StatusChanged(MachineStatus status) when status.phase() != MachineStatus.Phase.UP ->
          all.clear();
      default -> {}
    }
  }

  /** Returns what was counted of a memory backend. */
  public synchronized Ended of(String id) {
    return all.getOrDefault(id, Ended.NONE);
  }
}
