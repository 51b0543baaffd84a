package holdfast.machine.api;

import java.time.Duration;
import org.osgi.annotation.versioning.ConsumerType;

/**
 * A {@link GuestWriter} that can stop storing into one region and go on with all others, such as a
 * device that works for one NVDIMM alone. Holdfast pauses it region by region, with the methods
 * here, for whatever concerns one region.
 *
 * <p>Several regions can be swapped at the same time, so this writer can be paused for several:
 * each pause is for a region that it isn't paused for, and ends with that region's {@link #resume},
 * in any order. All calls come one after another from the one thread that Holdfast keeps for the
 * writer, so counting them needs no lock.
 */
@ConsumerType
public interface RegionWriter extends GuestWriter {

  /**
   * Stops storing into {@code region}, as {@link GuestWriter#pause} does for all memory: when this
   * returns true, no store into it is under way, none begins before {@link #resume} for this
   * region, and every finished store of a device into it has been reported.
   *
   * @param limit how long it may take; then the thread is interrupted, and the caller no longer
   *     waits
   * @return false if the writer could not pause in time; then it keeps storing, and {@link #resume}
   *     is not called. If this returns true after the limit, {@link #resume} is called at once
   * @throws InterruptedException if the calling thread was interrupted; then the writer keeps
   *     storing, too
   */
  boolean pause(MemoryRegion region, Duration limit) throws InterruptedException;

  /**
   * Continues storing into {@code region}, after {@link #pause(MemoryRegion, Duration)} returned
   * true for it. Must not throw or block: after one second the operator is warned that this writer
   * may be stuck.
   */
  void resume(MemoryRegion region);

  /**
   * Stops storing altogether, because an operator stops the machine, until {@link #resume()}.
   * Pauses for regions begin and end meanwhile, and count apart: store into a region only while
   * neither it nor everything is paused.
   */
  @Override
  boolean pause(Duration limit) throws InterruptedException;
}
