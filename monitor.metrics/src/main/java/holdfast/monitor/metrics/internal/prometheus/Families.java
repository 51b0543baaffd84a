package holdfast.monitor.metrics.internal.prometheus;

import holdfast.monitor.metrics.internal.Times;
import io.prometheus.metrics.model.snapshots.ClassicHistogramBuckets;
import io.prometheus.metrics.model.snapshots.CounterSnapshot;
import io.prometheus.metrics.model.snapshots.CounterSnapshot.CounterDataPointSnapshot;
import io.prometheus.metrics.model.snapshots.GaugeSnapshot;
import io.prometheus.metrics.model.snapshots.GaugeSnapshot.GaugeDataPointSnapshot;
import io.prometheus.metrics.model.snapshots.HistogramSnapshot;
import io.prometheus.metrics.model.snapshots.HistogramSnapshot.HistogramDataPointSnapshot;
import io.prometheus.metrics.model.snapshots.Labels;
import io.prometheus.metrics.model.snapshots.MetricSnapshot;
import io.prometheus.metrics.model.snapshots.MetricSnapshots;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * Collects values by the name of their metric. A value of a region has the label {@code backend}
 * with its id, and may have another one behind that; one of the machine may have one.
 */
final class Families {
  private static final String BACKEND = "backend";

  private final Map<String, MetricSnapshot.Builder<?>> byName = new LinkedHashMap<>();

  /**
   * Adds a value that goes up and down.
   *
   * @param labels for the machine nothing, or a name and a value; else the id of a memory backend,
   *     and then perhaps a name and a value
   */
  void gauge(String name, String help, double value, String... labels) {
    GaugeSnapshot.Builder builder = family(name, help, GaugeSnapshot.builder());
    builder.dataPoint(
        GaugeDataPointSnapshot.builder().value(value).labels(labelled(labels)).build());
  }

  /** Adds a value that only goes up; {@code _total} is added to its name. */
  void counter(String name, String help, double value, String... labels) {
    CounterSnapshot.Builder builder = family(name, help, CounterSnapshot.builder());
    builder.dataPoint(
        CounterDataPointSnapshot.builder().value(value).labels(labelled(labels)).build());
  }

  /** Adds how often something took how long. */
  void histogram(String name, String help, Times times, String... labels) {
    double[] bounds = Arrays.copyOf(times.bounds(), times.bounds().length + 1);
    bounds[bounds.length - 1] = Double.POSITIVE_INFINITY;
    HistogramSnapshot.Builder builder = family(name, help, HistogramSnapshot.builder());
    builder.dataPoint(
        HistogramDataPointSnapshot.builder()
            .classicHistogramBuckets(ClassicHistogramBuckets.of(bounds, times.counts()))
            .sum(times.sum())
            .labels(labelled(labels))
            .build());
  }

  @SuppressWarnings("unchecked") // a name has one type
  private <B extends MetricSnapshot.Builder<B>> B family(String name, String help, B fresh) {
    return (B) byName.computeIfAbsent(name, first -> fresh.name(first).help(help));
  }

  private static Labels labelled(String... labels) {
    return switch (labels.length) {
      case 0 -> Labels.EMPTY;
      case 1 -> Labels.of(BACKEND, labels[0]);
      case 2 -> Labels.of(labels[0], labels[1]);
      default -> Labels.of(BACKEND, labels[0], labels[1], labels[2]);
    };
  }

  MetricSnapshots snapshots() {
    MetricSnapshots.Builder all = MetricSnapshots.builder();
    byName.values().forEach(family -> all.metricSnapshot(family.build()));
    return all.build();
  }
}
