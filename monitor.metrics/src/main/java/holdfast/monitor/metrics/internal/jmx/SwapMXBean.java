package holdfast.monitor.metrics.internal.jmx;

/** The latest swap of a memory backend, under way or ended. */
public interface SwapMXBean {
  /** Returns its number among the machine's swaps. */
  int getNumber();

  /** Returns the id of the memory backend. */
  String getBackend();

  /** Returns where its bytes were before. */
  String getFrom();

  /** Returns where they go. */
  String getTo();

  /** Returns its phase; done or rolled-back at its end. */
  String getPhase();

  /** Returns why it was rolled back; empty if it was not. */
  String getReason();

  /** Returns the round of copying; 0 before the first. */
  int getRound();

  /** Returns how many bytes were copied so far. */
  long getCopiedBytes();

  /** Returns how many bytes there are. */
  long getTotalBytes();

  /** Returns how many bytes were dirty after the last round. */
  long getDirtyBytes();

  /** Returns how many bytes writers dirtied each second of the last round. */
  long getDirtyBytesPerSecond();

  /** Returns how long it has taken, in milliseconds. */
  long getMillis();

  /** Returns how long writers would be paused if it switched now, in microseconds. */
  long getExpectedPauseMicros();

  /** Returns how long writers were paused, in microseconds; 0 before the switch. */
  long getPauseMicros();
}
