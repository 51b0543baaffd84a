package holdfast.monitor.metrics.internal.jmx;

/** The migration that is under way, or else the last one. */
public interface MigrationMXBean {
  /** Returns its state, in the words of the metric {@code holdfast_migration_state}. */
  String getState();

  /** Returns whether the guest comes to this machine. */
  boolean isIncoming();

  /** Returns where the guest goes to or comes from. */
  String getAddress();

  /** Returns why it failed; empty if it did not. */
  String getError();

  /** Returns how many bytes it has sent or received. */
  long getTransferredBytes();

  /** Returns how many bytes are known to be still to send; -1 at a destination. */
  long getRemainingBytes();

  /** Returns how many bytes of memory there are. */
  long getTotalBytes();

  /** Returns how long it has taken, in milliseconds. */
  long getMillis();

  /** Returns how long it stopped the guest writers, in microseconds; -1 before that. */
  long getDowntimeMicros();
}
