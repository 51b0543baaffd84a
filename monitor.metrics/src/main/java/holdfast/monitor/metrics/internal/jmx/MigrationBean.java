package holdfast.monitor.metrics.internal.jmx;

import holdfast.machine.admin.MigrationStatus;
import holdfast.monitor.metrics.internal.Readings;
import java.util.Locale;
import java.util.concurrent.TimeUnit;

/** A machine's migration as it is at the moment at which an attribute is asked for. */
record MigrationBean(Readings readings) implements MigrationMXBean {
  private static final long UNKNOWN = -1;

  private MigrationStatus status() {
    return readings
        .migration()
        .orElseThrow(() -> new IllegalStateException("the machine of the migration is gone"));
  }

  @Override
  public String getState() {
    return status().state().name().toLowerCase(Locale.ROOT);
  }

  @Override
  public boolean isIncoming() {
    return status().incoming();
  }

  @Override
  public String getAddress() {
    return status().address();
  }

  @Override
  public String getError() {
    return status().error().orElse("");
  }

  @Override
  public long getTransferredBytes() {
    return status().ram().transferred().bytes();
  }

  @Override
  public long getRemainingBytes() {
    MigrationStatus status = status();
    return status.incoming() ? UNKNOWN : status.ram().remaining().bytes();
  }

  @Override
  public long getTotalBytes() {
    return status().ram().total().bytes();
  }

  @Override
  public long getMillis() {
    return status().time().toMillis();
  }

  @Override
  public long getDowntimeMicros() {
    return status()
        .downtime()
        .map(time -> TimeUnit.NANOSECONDS.toMicros(time.toNanos()))
        .orElse(UNKNOWN);
  }
}
