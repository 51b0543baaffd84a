package holdfast.monitor.metrics.internal.prometheus;

import holdfast.machine.admin.FailureKind;
import holdfast.machine.admin.MigrationState;
import holdfast.machine.admin.MigrationStatus;
import holdfast.machine.admin.ObjectCounters;
import holdfast.machine.admin.PersistTimes;
import holdfast.machine.api.RegionState;
import holdfast.machine.api.SwapReport;
import holdfast.monitor.metrics.internal.HostMemory;
import holdfast.monitor.metrics.internal.Readings;
import holdfast.monitor.metrics.internal.SwapTally;
import holdfast.monitor.metrics.internal.Times;
import io.prometheus.metrics.model.registry.MultiCollector;
import io.prometheus.metrics.model.snapshots.MetricSnapshots;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/**
 * Makes the metrics of a machine each time that they are asked for. What a machine can't tell is
 * left out: there is never a value that stands for none.
 */
final class MachineCollector implements MultiCollector {
  private static final double[] PERSIST_BOUNDS =
      PersistTimes.BOUNDS.stream().mapToDouble(Times::seconds).toArray();

  private final Readings readings;

  MachineCollector(Readings readings) {
    this.readings = readings;
  }

  @Override
  public MetricSnapshots collect() {
    Families families = new Families();
    families.gauge("holdfast_machine_up", "whether the machine is up", readings.isUp() ? 1 : 0);
    readings.migration().ifPresent(migration -> addMigration(families, migration));
    List<ObjectCounters> regions = readings.counters();
    Map<Long, HostMemory.Use> memory = readings.memory(regions);
    for (ObjectCounters region : regions) {
      addRegion(families, region);
      addPersists(families, region);
      addFailures(families, region);
      HostMemory.Use use = memory.get(region.hostAddress());
      if (use != null) {
        addMemory(families, region.id(), use);
      }
      addSwaps(families, region.id());
    }
    return families.snapshots();
  }

  private static void addMigration(Families families, MigrationStatus migration) {
    for (MigrationState state : MigrationState.values()) {
      families.gauge(
          "holdfast_migration_state",
          "1 for the state of the migration under way, or else of the last one",
          state == migration.state() ? 1 : 0,
          "state",
          state.name().toLowerCase(Locale.ROOT));
    }
    families.gauge(
        "holdfast_migration_transferred_bytes",
        "bytes that it has sent or received",
        migration.ram().transferred().bytes());
    if (!migration.incoming()) {
      families.gauge(
          "holdfast_migration_remaining_bytes",
          "bytes that are known to be still to send",
          migration.ram().remaining().bytes());
    }
    migration
        .downtime()
        .ifPresent(
            time ->
                families.gauge(
                    "holdfast_migration_downtime_seconds",
                    "how long it stopped the guest writers",
                    Times.seconds(time)));
  }

  private static void addRegion(Families families, ObjectCounters region) {
    String id = region.id();
    families.gauge("holdfast_region_size_bytes", "its size", region.size().bytes(), id);
    for (RegionState state : RegionState.values()) {
      families.gauge(
          "holdfast_region_state",
          "1 for the state that it is in",
          state == region.state() ? 1 : 0,
          id,
          "state",
          state.name().toLowerCase(Locale.ROOT));
    }
  }

  private static void addPersists(Families families, ObjectCounters region) {
    String id = region.id();
    families.counter("holdfast_persists", "persists that succeeded", region.persists(), id);
    families.counter(
        "holdfast_persisted_bytes",
        "bytes that persists made durable",
        region.persistedBytes(),
        id);
    families.counter(
        "holdfast_persist_failures", "persists that failed", region.failedPersists(), id);
    PersistTimes times = region.persistTimes();
    families.histogram(
        "holdfast_persist_duration_seconds",
        "how long persists took: each by page, one in 64 by cache line",
        new Times(
            PERSIST_BOUNDS,
            times.counts().stream().mapToLong(Long::longValue).toArray(),
            Times.seconds(times.sum())),
        id);
  }

  private static void addFailures(Families families, ObjectCounters region) {
    for (FailureKind kind : FailureKind.values()) {
      if (kind != FailureKind.NONE) {
        families.counter(
            "holdfast_region_failures",
            "failures of the region, which has one at most, by what found it",
            region.failure() == kind ? 1 : 0,
            region.id(),
            "cause",
            kind.label());
      }
    }
  }

  private static void addMemory(Families families, String id, HostMemory.Use use) {
    families.gauge(
        "holdfast_region_mapped_bytes", "bytes of addresses that are mapped", use.mapped(), id);
    families.gauge(
        "holdfast_region_resident_bytes",
        "bytes that are in memory and in the page table",
        use.resident(),
        id);
  }

  private void addSwaps(Families families, String id) {
    SwapTally.Ended ended = readings.swaps().of(id);
    String help = "how long swaps took that have ended";
    families.histogram("holdfast_swap_duration_seconds", help, ended.done(), id, "outcome", "done");
    families.histogram(
        "holdfast_swap_duration_seconds", help, ended.rolledBack(), id, "outcome", "rolled-back");
    families.histogram(
        "holdfast_swap_pause_seconds",
        "how long swaps that have ended paused writers",
        ended.pauses(),
        id);
    families.counter(
        "holdfast_swap_copied_bytes",
        "bytes that swaps copied that have ended",
        ended.copied(),
        id);
    Optional<SwapReport> running = readings.runningSwap(id).filter(now -> !now.phase().isEnd());
    families.gauge(
        "holdfast_swap_running", "whether it is being swapped", running.isPresent() ? 1 : 0, id);
    running.ifPresent(report -> addRunning(families, id, report));
  }

  private static void addRunning(Families families, String id, SwapReport report) {
    families.gauge(
        "holdfast_swap_running_copied_bytes",
        "bytes that the swap under way has copied",
        report.copied().bytes(),
        id);
    if (report.round() > 0) { // nothing is known before the first one ends
      families.gauge(
          "holdfast_swap_dirty_bytes_per_second",
          "bytes that writers dirtied each second of the last round of the swap under way",
          report.dirtyRate().bytes(),
          id);
      families.gauge(
          "holdfast_swap_dirty_bytes",
          "bytes that were dirty after that round",
          report.dirty().bytes(),
          id);
      families.gauge(
          "holdfast_swap_expected_pause_seconds",
          "how long writers would be paused if it switched now",
          Times.seconds(report.expectedPause()),
          id);
    }
  }
}
