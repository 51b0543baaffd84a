package holdfast.machine.copy;

import holdfast.machine.api.GuestWriter;
import holdfast.machine.api.MemoryRegion;
import holdfast.machine.api.RegionWriter;
import java.time.Duration;
import java.util.IdentityHashMap;
import java.util.Map;

/**
 * Counts for which regions a writer is paused, so that it is asked to pause when the first asks for
 * it and to resume when the last is done. A writer that stops altogether is paused for all regions
 * at once; a {@link RegionWriter} for each by itself. Used in the writer's own thread alone, which
 * makes its calls one after another.
 */
final class WriterPauses {
  private final GuestWriter writer;

  /** How many callers have it paused for a region. */
  private final Map<MemoryRegion, Integer> pauses = new IdentityHashMap<>();

  /** Whether it is stopped for all of them, which counts apart for a {@link RegionWriter}. */
  private boolean stopped;

  WriterPauses(GuestWriter writer) {
    this.writer = writer;
  }

  /**
   * Pauses the writer for a region, unless it is paused for it already.
   *
   * @return whether it is paused for it now
   */
  boolean pause(MemoryRegion region, Duration limit) throws InterruptedException {
    if (!isPausedFor(region) && !ask(region, limit)) {
      return false;
    }
    pauses.merge(region, 1, Integer::sum);
    return true;
  }

  private boolean isPausedFor(MemoryRegion region) {
    return writer instanceof RegionWriter
        ? pauses.containsKey(region)
        : stopped || !pauses.isEmpty();
  }

  /**
   * Stops the writer for all regions, unless it is paused for all already.
   *
   * @return whether it is stopped now
   */
  boolean stop(Duration limit) throws InterruptedException {
    boolean isPaused = !(writer instanceof RegionWriter) && !pauses.isEmpty();
    if (!isPaused && !writer.pause(limit)) {
      return false;
    }
    stopped = true;
    return true;
  }

  /** Ends the stop; the writer resumes if no region needs it paused. */
  void cont() {
    stopped = false;
    if (writer instanceof RegionWriter || pauses.isEmpty()) {
      writer.resume();
    }
  }

  private boolean ask(MemoryRegion region, Duration limit) throws InterruptedException {
    return writer instanceof RegionWriter one ? one.pause(region, limit) : writer.pause(limit);
  }

  /** Ends one pause for a region; the writer resumes if no other needs it. */
  void resume(MemoryRegion region) {
    pauses.computeIfPresent(region, (_, count) -> count == 1 ? null : count - 1);
    if (isPausedFor(region)) {
      return;
    }
    if (writer instanceof RegionWriter one) {
      one.resume(region);
    } else {
      writer.resume();
    }
  }
}
