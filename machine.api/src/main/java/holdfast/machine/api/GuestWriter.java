package holdfast.machine.api;

import java.time.Duration;
import java.util.Optional;

/**
 * Something that stores into guest memory of its own accord: what runs the vCPUs, a device model, a
 * block device's thread. Registered as an OSGi service for as long as it may store: it stores
 * nothing before {@code registerService} has returned, and unregisters when it has stopped. A
 * registration that meets the switch of a swap makes it roll back, or returns when it is over. (A
 * component of Declarative Services that is itself the service is activated before others are bound
 * to it: let it register a writer in its activate method, and start its threads after that.)
 *
 * <p>A live swap copies a region while its writers run, and asks them to pause for the last step.
 * <b>Whoever stores into a region and is no registered writer loses what it stores between the last
 * copy and the switch</b>: Java code that holds a {@link MemoryRegion#segment()} or a {@link
 * GuestMemory} and is no registered writer can only be a reader while regions may be swapped.
 *
 * <p><b>Stores by hardware are a writer's, too.</b> A disk that is read directly ({@code
 * O_DIRECT}), io_uring, RDMA, VFIO: the device stores into pages that the kernel has pinned before,
 * and past everything by which the kernel knows what was stored. Therefore
 *
 * <ul>
 *   <li>such a transfer belongs to the writer that started it: while it is under way the writer is
 *       not paused;
 *   <li>when it is done it is told, before the writer says that it has paused: by {@link
 *       GuestMemory#transferFrom} of itself, by {@link GuestMemory#markDirty} for all others, or by
 *       the writer's {@link #dirtyLog};
 *   <li>pages that stay pinned from one transfer to the next (registered buffers, memory regions of
 *       RDMA, DMA mappings of VFIO), and mappings of the same file that other processes have, are
 *       given up before the writer says that it has paused and made again when it resumes: after a
 *       swap they are those of the old backing.
 * </ul>
 *
 * <p>All of its calls, and those of its log, are made one after another by one thread, which
 * Holdfast keeps for this writer while it is registered and which holds no lock that a store needs,
 * however many regions are swapped at the same time: a writer that is paused is not asked to pause
 * again. A call that doesn't come back keeps this writer's later calls waiting, and nobody else:
 * who made it waits within a limit, and then says that it hangs.
 */
public interface GuestWriter {

  /** A name for reports and messages, such as {@code vcpu0}. */
  String name();

  /**
   * Stops storing. When this returns true, no store is under way and none begins before {@link
   * #resume}: neither by a thread nor by a device, and each that a device has done was told. Reads
   * may go on.
   *
   * @param limit how long it may take; then the thread is interrupted, and nobody waits any more
   * @return false if it could not be done in time: then stores go on as before, and {@link #resume}
   *     is not called. If it returns true after the limit, {@link #resume} is called at once
   * @throws InterruptedException if the calling thread was interrupted: then stores go on, too
   */
  boolean pause(Duration limit) throws InterruptedException;

  /**
   * Goes on storing, after {@link #pause} returned true. Must not throw, nor wait: after a second
   * the operator is told that this writer may stand still.
   */
  void resume();

  /**
   * A log of the stores of this writer, if it keeps one, for hosts on which the kernel can't tell
   * who wrote what (before Linux 6.12.3, or without the right to use userfaultfd(2)), and for
   * stores that it can't see, of hardware into pages that it pinned. Where the kernel tells, what
   * the log tells is copied, too: it may then have those stores alone. Where it doesn't, logs are
   * used if every writer has one, and must have every store; otherwise a swap copies everything
   * while writers are paused. Asked once, when the writer is registered.
   */
  default Optional<DirtyLog> dirtyLog() {
    return Optional.empty();
  }
}
