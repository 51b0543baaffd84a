package holdfast.monitor.metrics.internal.jmx;

import java.util.Map;

/** A memory backend's memory. Attributes of one that has just gone throw IllegalStateException. */
public interface RegionMXBean {
  /** Returns the id of the memory backend. */
  String getId();

  /** Returns how it is served: attached, detached or failed. */
  String getState();

  /** Returns by what it was found to have failed; none if it has not. */
  String getFailure();

  /** Returns its size. */
  long getSizeBytes();

  /** Returns how many bytes of addresses are mapped; -1 while that is not known. */
  long getMappedBytes();

  /** Returns how many of those are in memory and in the page table; -1 while that is not known. */
  long getResidentBytes();

  /** Returns how many persists succeeded. */
  long getPersists();

  /** Returns how many bytes they made durable. */
  long getPersistedBytes();

  /** Returns how many persists failed. */
  long getFailedPersists();

  /** Returns how many persists were timed: each by page, one in 64 by cache line. */
  long getTimedPersists();

  /** Returns how long those took together, in nanoseconds. */
  long getTimedPersistsNanos();

  /**
   * Returns how many of those took no longer than so many nanoseconds, and longer than the bound
   * before; under {@link Long#MAX_VALUE} those that took longer than all bounds.
   */
  Map<Long, Long> getPersistsByNanos();
}
