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
 * From where a swap knows what was stored while it copied: from the kernel, whoever stores, and
 * from each writer's own log, which tells what the kernel can't see; where the kernel can't track,
 * from the logs alone, if every writer keeps one. Used by one thread.
 */
public final class DirtySource implements AutoCloseable {
  /** By so many bytes dirty memory is told: no page is smaller. */
  public static final long PAGE = 4096;

  private final MemoryRegion region;
  private final GuestWriters writers;
  private final Duration limit;
  private final GuestWriters.Arrivals before;
  private final Optional<DirtyTracking> kernel;
  private final List<RegisteredWriter.Log> logs = new ArrayList<>();

  private DirtySource(
      MemoryRegion region, GuestWriters writers, Duration limit, Optional<DirtyTracking> kernel) {
    this.region = region;
    this.writers = writers;
    this.limit = limit;
    this.before = writers.arrivals();
    this.kernel = kernel;
  }

  /**
   * Opens the best there is for a region.
   *
   * @param block the block that stands in its window
   * @param limit how long a writer may take for each call of its log
   * @return empty if there is none: then everything must be copied while writers are paused
   * @throws GivenUpException if a writer's log doesn't start
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

  /** Whether every writer keeps one, and there is a writer. */
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

  /** Adds what was stored to since the last call. */
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
   * That nobody stored whose stores are not known of.
   *
   * @throws GivenUpException if there was such a writer; it may be gone again
   */
  public void requireAllSeen() throws GivenUpException {
    GuestWriters.Arrivals now = writers.arrivals();
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
   * How it will be, for a plan.
   *
   * @param words as a sentence
   * @param tracked false if everything has to be copied while writers are paused
   */
  public record Outlook(String words, boolean tracked) {}

  /** What {@link #open} will come to, as far as that can be told without touching the memory. */
  public static Outlook outlook(RamBlock block, GuestWriters registered) {
    List<RegisteredWriter> writers = registered.list();
    String reason = block.cannotTrackBecause();
    if (reason.isEmpty()) {
      return new Outlook("the kernel tracks dirty pages, whoever writes", true);
    }
    return !writers.isEmpty() && writers.stream().allMatch(RegisteredWriter::mayKeepLog)
        ? new Outlook(
            "each writer keeps a log of its own, since the kernel can't track: " + reason, true)
        : new Outlook(
            "dirty pages can't be tracked (" + reason + "): all is copied while writers pause",
            false);
  }

  /** Why a region of which nothing is tracked is not swapped: its writers would pause too long. */
  public static String tooLong(Duration time, SwapLimits limits) {
    return "dirty pages can't be tracked, and to copy all while writers pause takes about "
        + time.toMillis()
        + " ms, which is more than the downtime limit of "
        + limits.downtime().toMillis()
        + " ms: use ram:swap with a longer -downtime-limit, or let every writer keep a log";
  }
}
