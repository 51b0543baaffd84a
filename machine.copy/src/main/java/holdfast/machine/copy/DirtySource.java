package holdfast.machine.copy;

import holdfast.backend.api.DirtyTracking;
import holdfast.backend.api.RamBlock;
import holdfast.backend.api.TrackingLostException;
import holdfast.backend.api.TrackingRefusedException;
import holdfast.machine.api.MemoryRegion;
import holdfast.machine.api.SwapLimits;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Finds what was stored while a swap copied. The source is the kernel, which tracks all stores that
 * go through page tables, and in addition each writer's own log, for stores that the kernel can't
 * see. Where the kernel can't track, the logs alone are the source, if every writer keeps one. Used
 * by one thread.
 */
public final class DirtySource implements AutoCloseable {
  /** The granularity of dirty ranges: no page is smaller. */
  public static final long PAGE = 4096;

  private final MemoryRegion region;
  private final GuestWriters writers;
  private final Duration limit;
  private final GuestWriters.Registrations before;
  private final Optional<DirtyTracking> kernel;
  private final List<RegisteredWriter.Log> logs = new ArrayList<>();

  private DirtySource(
      MemoryRegion region, GuestWriters writers, Duration limit, Optional<DirtyTracking> kernel) {
    this.region = region;
    this.writers = writers;
    this.limit = limit;
    this.before = writers.registrations();
    this.kernel = kernel;
  }

  /**
   * Opens the best source for a region.
   *
   * @param block the block that is in its window
   * @param limit how long a writer may take for each call of its log
   * @return empty if there is no source: then everything must be copied while writers are paused
   * @throws GivenUpException if a writer's log can't be opened or started
   */
  public static Optional<DirtySource> open(
      MemoryRegion region, RamBlock block, GuestWriters writers, Duration limit)
      throws GivenUpException, InterruptedException {
    Optional<DirtyTracking> kernel = track(block);
    DirtySource source = new DirtySource(region, writers, limit, kernel);
    boolean complete = false;
    try {
      complete = source.startLogs() || kernel.isPresent();
    } finally {
      if (!complete) {
        source.close();
      }
    }
    return complete ? Optional.of(source) : Optional.empty();
  }

  private static Optional<DirtyTracking> track(RamBlock block) {
    try {
      return Optional.of(block.track());
    } catch (TrackingRefusedException unavailable) {
      return Optional.empty();
    }
  }

  /** Starts the logs; returns whether there is a writer and every writer keeps a log. */
  private boolean startLogs() throws GivenUpException, InterruptedException {
    List<RegisteredWriter> present = writers.list();
    for (RegisteredWriter writer : present) {
      Optional<RegisteredWriter.Log> log = writer.openLog(limit);
      if (log.isPresent()) {
        logs.add(log.get()); // stopped at the end even if it fails to start
        log.get().start(region, limit);
      }
    }
    return !present.isEmpty() && logs.size() == present.size();
  }

  /** Adds the ranges that were stored into since the last call. */
  public void collect(DirtyRanges into)
      throws TrackingLostException, GivenUpException, InterruptedException {
    if (kernel.isPresent()) {
      kernel.get().scan(into::add);
    }
    for (RegisteredWriter.Log log : logs) {
      log.collect(region, into, limit);
    }
  }

  /**
   * Checks that every writer seen since tracking began is tracked by the kernel or has a log here.
   *
   * @throws GivenUpException if there was another writer; it may already be unregistered
   */
  public void requireAllSeen() throws GivenUpException {
    GuestWriters.Registrations now = writers.registrations();
    if (kernel.isEmpty() && now.count() != before.count()) {
      throw new GivenUpException(
          "the writer " + now.last() + " came while others' logs were in use");
    }
    if (now.withLog() != before.withLog()) {
      throw new GivenUpException(
          "the writer " + now.lastWithLog() + " came after the logs of all others had begun");
    }
  }

  @Override
  public void close() {
    kernel.ifPresent(DirtyTracking::close);
    logs.forEach(log -> log.stop(region));
  }

  /**
   * The expected tracking, for a plan.
   *
   * @param words a sentence about it
   * @param tracked false if everything has to be copied while writers are paused
   */
  public record Outlook(String words, boolean tracked) {}

  /**
   * Returns the expected result of {@link #open}, as far as it is known without touching the
   * memory.
   */
  public static Outlook outlook(RamBlock block, GuestWriters registered) {
    List<RegisteredWriter> writers = registered.list();
    Optional<String> obstacle = block.trackingObstacle();
    if (obstacle.isEmpty()) {
      return new Outlook("the kernel tracks dirty pages, whoever writes", true);
    }
    return !writers.isEmpty() && writers.stream().allMatch(RegisteredWriter::mayKeepLog)
        ? new Outlook(
            "each writer keeps a log of its own, since the kernel can't track: " + obstacle.get(),
            true)
        : new Outlook(
            "dirty pages can't be tracked ("
                + obstacle.get()
                + "): all is copied while writers pause",
            false);
  }

  /** Returns why a region without tracking is not swapped: its writers would pause for too long. */
  public static String tooLong(Duration time, SwapLimits limits) {
    return "dirty pages can't be tracked, and to copy all while writers pause takes about "
        + time.toMillis()
        + " ms, which is more than the downtime limit of "
        + limits.downtime().toMillis()
        + " ms: use ram:swap with a longer -downtime-limit, or let every writer keep a log";
  }
}
