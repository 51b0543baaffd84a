package holdfast.monitor.metrics.internal.jmx;

import holdfast.machine.admin.ObjectCounters;
import holdfast.machine.admin.PersistTimes;
import holdfast.monitor.metrics.internal.HostMemory;
import holdfast.monitor.metrics.internal.Readings;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/** A region as it is at the moment at which an attribute is asked for. */
record RegionBean(Readings readings, String id) implements RegionMXBean {
  private static final int UNKNOWN = -1;

  private ObjectCounters now() {
    return readings
        .counters(id)
        .orElseThrow(() -> new IllegalStateException("memory backend '" + id + "' is gone"));
  }

  private Optional<HostMemory.Use> use() {
    List<ObjectCounters> all = readings.counters();
    return Optional.ofNullable(readings.memory(all).get(now().hostAddress()));
  }

  @Override
  public String getId() {
    return id;
  }

  @Override
  public String getState() {
    return now().state().name().toLowerCase(Locale.ROOT);
  }

  @Override
  public String getFailure() {
    return now().failure().label();
  }

  @Override
  public long getSizeBytes() {
    return now().size().bytes();
  }

  @Override
  public long getMappedBytes() {
    return use().map(HostMemory.Use::mapped).orElse((long) UNKNOWN);
  }

  @Override
  public long getResidentBytes() {
    return use().map(HostMemory.Use::resident).orElse((long) UNKNOWN);
  }

  @Override
  public long getPersists() {
    return now().persists();
  }

  @Override
  public long getPersistedBytes() {
    return now().persistedBytes();
  }

  @Override
  public long getFailedPersists() {
    return now().failedPersists();
  }

  @Override
  public long getTimedPersists() {
    return now().persistTimes().timed();
  }

  @Override
  public long getTimedPersistsNanos() {
    return now().persistTimes().sum().toNanos();
  }

  @Override
  public Map<Long, Long> getPersistsByNanos() {
    List<Long> counts = now().persistTimes().counts();
    Map<Long, Long> byBound = new TreeMap<>();
    for (int i = 0; i < PersistTimes.BOUNDS.size(); i++) {
      byBound.put(PersistTimes.BOUNDS.get(i).toNanos(), counts.get(i));
    }
    byBound.put(Long.MAX_VALUE, counts.getLast());
    return byBound;
  }
}
