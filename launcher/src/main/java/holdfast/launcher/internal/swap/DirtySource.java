package holdfast.launcher.internal.swap;

import holdfast.backend.api.DirtyTracking;
import holdfast.backend.api.TrackingLostException;
import holdfast.backend.api.TrackingRefusedException;
import holdfast.launcher.internal.region.Region;
import holdfast.machine.api.DirtyLog;
import holdfast.machine.api.GuestWriter;
import holdfast.machine.api.SwapLimits;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** From where a swap knows what was stored while it copied. */
sealed interface DirtySource extends AutoCloseable {
  /** By so many bytes dirty memory is told: no page is smaller. */
  long PAGE = 4096;

  /** For what goes wrong at the end. */
  Logger LOG = LoggerFactory.getLogger(DirtySource.class);

  /** Adds what was stored to since the last call. */
  void collect(DirtyRanges into) throws TrackingLostException;

  /** Whether nothing is overlooked; else a comparison has to show it. */
  boolean isExact();

  /**
   * That nobody stored whose stores are not known of.
   *
   * @throws GivenUpException if there was such a writer
   */
  void requireAllSeen() throws GivenUpException;

  @Override
  void close();

  /**
   * The best there is for a region: the kernel, else the writers' own logs if all of them keep one.
   *
   * @return empty if there is none: then everything must be copied while writers are paused
   */
  static Optional<DirtySource> open(Region region, GuestWriters writers) {
    try {
      return Optional.of(new Kernel(region.status().block().track(), isExact(region)));
    } catch (TrackingRefusedException unavailable) {
      long arrivals = writers.arrivals();
      List<GuestWriter> present = writers.list();
      List<DirtyLog> logs = logs(present);
      if (present.isEmpty() || logs.size() < present.size()) {
        return Optional.empty();
      }
      OwnLogs source = new OwnLogs(region, logs, writers, arrivals);
      try {
        logs.forEach(log -> log.start(region));
      } catch (RuntimeException | Error e) {
        source.close();
        throw e;
      }
      return Optional.of(source);
    }
  }

  /**
   * How it will be, for a plan.
   *
   * @param words as a sentence
   * @param tracked false if everything has to be copied while writers are paused
   * @param exact false if a comparison has to show what was overlooked
   */
  record Outlook(String words, boolean tracked, boolean exact) {}

  /** What {@link #open} will come to, as far as that can be told without touching the memory. */
  static Outlook outlook(Region region, List<GuestWriter> writers) {
    String reason = region.status().block().cannotTrackBecause();
    if (reason.isEmpty()) {
      boolean exact = isExact(region);
      String words = "the kernel tracks dirty pages, whoever writes";
      return new Outlook(
          exact
              ? words
              : words + "; since it is a file on a disk, every page is compared in the pause",
          true,
          exact);
    }
    return !writers.isEmpty() && logs(writers).size() == writers.size()
        ? new Outlook(
            "each writer keeps a log of its own, since the kernel can't track: " + reason,
            true,
            true)
        : new Outlook(
            "dirty pages can't be tracked (" + reason + "): all is copied while writers pause",
            false,
            true);
  }

  /** Why a region of which nothing is tracked is not swapped: its writers would pause too long. */
  static String tooLong(Duration time, SwapLimits limits) {
    return "dirty pages can't be tracked, and to copy all while writers pause takes about "
        + time.toMillis()
        + " ms, which is more than the downtime limit of "
        + limits.downtime().toMillis()
        + " ms: raise that (-downtime-limit), or let every writer keep a log";
  }

  /**
   * Whether the kernel's word on dirty pages is enough for memory like this: where no file system
   * writes pages back to a disk meanwhile. Of a file on ext4 (Linux 6.18) it has been seen not to
   * tell of a store into a page that was being written back, about one in some hundred thousand.
   */
  private static boolean isExact(Region region) {
    return switch (region.durability().evidence().fileSystem()) {
      case "anonymous memory", "tmpfs", "ramfs", "hugetlbfs" -> true;
      default -> false;
    };
  }

  private static List<DirtyLog> logs(List<GuestWriter> writers) {
    List<DirtyLog> logs = new ArrayList<>();
    writers.forEach(writer -> writer.dirtyLog().ifPresent(logs::add));
    return logs;
  }

  /** Whoever writes. */
  record Kernel(DirtyTracking tracking, boolean isExact) implements DirtySource {
    @Override
    public void collect(DirtyRanges into) throws TrackingLostException {
      tracking.scan(into::add);
    }

    @Override
    public void requireAllSeen() {}

    @Override
    public void close() {
      tracking.close();
    }
  }

  /** The registered writers, each by itself. */
  record OwnLogs(Region region, List<DirtyLog> logs, GuestWriters writers, long arrivals)
      implements DirtySource {
    @Override
    public void collect(DirtyRanges into) {
      long size = region.size().bytes();
      logs.forEach(
          log ->
              log.collect(
                  region,
                  (offset, length) -> {
                    Objects.checkFromIndexSize(offset, length, size);
                    // whole pages, as the kernel tells them: by them the copy is compared
                    long from = offset & -PAGE;
                    long to = Math.min(size, offset + length + PAGE - 1 & -PAGE);
                    into.add(from, to - from);
                  }));
    }

    @Override
    public boolean isExact() {
      return true;
    }

    @Override
    public void requireAllSeen() throws GivenUpException {
      if (writers.arrivals() != arrivals) { // it may be gone again, and have stored meanwhile
        throw new GivenUpException(
            "the writer " + writers.lastToArrive() + " came while others' logs were in use");
      }
    }

    @Override
    public void close() {
      for (DirtyLog log : logs) {
        try {
          log.stop(region);
        } catch (RuntimeException | LinkageError e) {
          LOG.error("memory backend '{}': a writer's log fails to stop", region.id(), e);
        }
      }
    }
  }
}
