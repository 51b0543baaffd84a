package holdfast.monitor.metrics.internal.jmx;

import holdfast.machine.api.SwapReport;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;

/** A swap as it is at the moment at which an attribute is asked for. */
record SwapBean(Supplier<SwapReport> report) implements SwapMXBean {
  @Override
  public int getNumber() {
    return report.get().number();
  }

  @Override
  public String getBackend() {
    return report.get().region().value();
  }

  @Override
  public String getFrom() {
    return report.get().from();
  }

  @Override
  public String getTo() {
    return report.get().to();
  }

  @Override
  public String getPhase() {
    return report.get().phase().toString();
  }

  @Override
  public String getReason() {
    return report.get().reason();
  }

  @Override
  public int getRound() {
    return report.get().round();
  }

  @Override
  public long getCopiedBytes() {
    return report.get().copied().bytes();
  }

  @Override
  public long getTotalBytes() {
    return report.get().total().bytes();
  }

  @Override
  public long getDirtyBytes() {
    return report.get().dirty().bytes();
  }

  @Override
  public long getDirtyBytesPerSecond() {
    return report.get().dirtyRate().bytes();
  }

  @Override
  public long getMillis() {
    return report.get().time().toMillis();
  }

  @Override
  public long getExpectedPauseMicros() {
    return TimeUnit.NANOSECONDS.toMicros(report.get().expectedPause().toNanos());
  }

  @Override
  public long getPauseMicros() {
    return TimeUnit.NANOSECONDS.toMicros(report.get().pause().toNanos());
  }
}
