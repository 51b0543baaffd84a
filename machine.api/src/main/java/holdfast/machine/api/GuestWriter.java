package holdfast.machine.api;

import java.time.Duration;
import java.util.Optional;
import org.osgi.annotation.versioning.ConsumerType;

/**
 * Something that stores into guest memory on its own initiative: the code that runs the vCPUs, a
 * device model, a block device's thread. It is registered as an OSGi service, or without OSGi by
 * {@code Holdfast.addWriter}, for as long as it may store: it must store nothing before the
 * registration has returned, and must have stopped when it is unregistered. A registration during
 * the switch of a swap either makes the swap roll back or returns when the switch is over.
 * (Declarative Services activates a component before binding its service to others. A component
 * must therefore not be the writer service itself; it registers the writer in its activate method,
 * and starts the writer's threads after that.)
 *
 * <p>A live swap copies a region while its writers run, and asks them to pause for the last step.
 * <b>Stores by code that is not part of a registered writer are lost if they happen between the
 * last copy and the switch</b>: Java code that holds a {@link MemoryRegion#segment()} or a {@link
 * GuestMemory} and is not part of a registered writer may only read while regions may be swapped.
 *
 * <p><b>Stores by hardware belong to a writer, too.</b> With a disk that is read directly ({@code
 * O_DIRECT}), io_uring, RDMA or VFIO, the device stores into pages that the kernel has pinned
 * before, and the kernel's tracking of stores does not see it. Therefore
 *
 * <ul>
 *   <li>such a transfer belongs to the writer that started it: while it is under way the writer is
 *       not paused;
 *   <li>when it is done, and before the writer's {@link #pause} returns true, the range that it
 *       filled must be reported: {@link GuestMemory#transferFrom} does so itself, all other
 *       transfers need {@link GuestMemory#markDirty} or the writer's {@link #dirtyLog};
 *   <li>pages that stay pinned from one transfer to the next (registered buffers, memory regions of
 *       RDMA, DMA mappings of VFIO), and mappings of the same file in other processes, must be
 *       released before {@link #pause} returns true, and made again when the writer resumes: after
 *       a swap they would still refer to the old backing.
 * </ul>
 *
 * <p><b>All calls to a writer and to its log are made one after another by one thread</b>, which
 * Holdfast keeps for the writer while it is registered and which holds no lock that a store needs:
 * what {@link #pause} locked, {@link #resume} can unlock. Regions that are swapped at the same time
 * share a pause: a paused writer is not asked to pause again, and resumes when the last of them is
 * done. A writer that can stop for one region and go on with the others is a {@link RegionWriter}.
 * A call that doesn't return delays this writer's later calls, and nothing else: its caller waits
 * for a limited time, and then reports that the writer hangs.
 */
@ConsumerType
public interface GuestWriter {

  /** Returns a name for reports and messages, such as {@code vcpu0}. */
  String name();

  /**
   * Stops storing altogether. When this returns true, no store by a thread or a device is under
   * way, none begins before {@link #resume}, and every finished store by a device has been
   * reported. Reads may continue.
   *
   * @param limit how long it may take; then the thread is interrupted, and the caller no longer
   *     waits
   * @return false if the writer could not pause in time; then it keeps storing, and {@link #resume}
   *     is not called. If this returns true after the limit, {@link #resume} is called at once
   * @throws InterruptedException if the calling thread was interrupted; then the writer keeps
   *     storing, too
   */
  boolean pause(Duration limit) throws InterruptedException;

  /**
   * Continues storing, after {@link #pause} returned true. Must not throw or block: after one
   * second the operator is warned that this writer may be stuck.
   */
  void resume();

  /**
   * Returns this writer's log of its stores, if it keeps one. A log is useful on hosts where the
   * kernel can't track stores (before Linux 6.12.3, or without the right to use userfaultfd(2)),
   * and for stores that the kernel can't see: those of hardware into pages that it pinned. Where
   * the kernel tracks stores, the log's ranges are copied in addition, so it may contain only the
   * stores that the kernel can't see. Where it doesn't, logs are used only if every writer has one,
   * and must contain every store; otherwise a swap copies everything while writers are paused.
   * Called once, when the writer is registered.
   */
  default Optional<DirtyLog> dirtyLog() {
    return Optional.empty();
  }
}
