package holdfast.machine.nvdimm;

import holdfast.backend.api.ByteSize;
import holdfast.backend.api.PersistException;
import holdfast.machine.api.DeviceKind;
import holdfast.machine.api.MemoryDevice;
import holdfast.machine.api.MemoryRegion;
import holdfast.machine.api.RegionState;
import java.lang.foreign.MemorySegment;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.StampedLock;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The label area of an {@code nvdimm}: the last {@code label-size} bytes of its region, which a
 * guest reaches through ACPI methods only, and in which it keeps its namespaces (UEFI 2.9, 13.19).
 *
 * <p>No method throws for what a guest can ask for, or because of what the host does; the {@link
 * LabelOutcome} tells. Thread-safe. Accesses at the same time are neither ordered nor atomic among
 * each other, as those to all guest memory; a guest's AML makes one after the other.
 *
 * <p>The area of {@link NvdimmDsm#label} ends with its device: when that has been removed, which is
 * when {@link holdfast.machine.api.Ejection#eject} or the operator's unplug returns, nothing is
 * stored into it any more, and each access is {@link LabelOutcome#GONE}. One that was made by
 * {@link #of(MemoryDevice)} is told by nobody: do not use it after {@link
 * holdfast.machine.api.GuestMemoryListener#deviceRemoved}, since the backend can be another
 * device's then.
 */
public final class LabelArea {
  private static final Logger LOG = LoggerFactory.getLogger(LabelArea.class);

  private final MemoryDevice device;
  private final MemorySegment label;
  private final LabelStores stores;

  /** Whether a failure was logged. Once is enough: a guest can ask as often as it likes. */
  private final AtomicBoolean told = new AtomicBoolean();

  /**
   * Held while bytes are copied, by any number of accesses; by whoever removes the device alone.
   * Not held during a persist, which may be slow, and which may have to tell the listeners of the
   * memory, one of which removes the device, that a page is lost.
   */
  private final StampedLock copies = new StampedLock();

  private volatile boolean ended;

  private LabelArea(MemoryDevice device, MemorySegment label, LabelStores stores) {
    this.device = device;
    this.label = label;
    this.stores = stores;
  }

  /** Returns the label area of {@code device}, if it has one. */
  public static Optional<LabelArea> of(MemoryDevice device) {
    return of(device, LabelStores.UNLOGGED);
  }

  /**
   * Returns the label area of {@code device}, if it has one.
   *
   * @param stores is told of each store
   */
  public static Optional<LabelArea> of(MemoryDevice device, LabelStores stores) {
    return device.driver() == DeviceKind.NVDIMM
        ? device.label().map(label -> new LabelArea(device, label, stores))
        : Optional.empty();
  }

  /** Lets no access begin any more. */
  void end() {
    ended = true;
  }

  /**
   * Lets no access begin any more, and waits until none copies. That takes no longer than one copy:
   * a persist under way is not waited for, and its access is told that the device is gone.
   */
  void endAndWait() {
    end();
    copies.unlockWrite(copies.writeLock());
  }

  /** Returns the device. */
  public MemoryDevice device() {
    return device;
  }

  /** Returns the size in bytes. */
  public ByteSize size() {
    return new ByteSize(label.byteSize());
  }

  /** Returns how many bytes a guest can reach, whose offsets have 32 bits. */
  long reachable() {
    return Math.min(label.byteSize(), 0xFFFF_FFFFL);
  }

  /**
   * Reads bytes.
   *
   * @param offset the first byte in the area, from 0
   * @param target receives as many bytes as it has; only if the outcome is {@link
   *     LabelOutcome#DONE} are they the label's
   */
  public LabelOutcome read(long offset, byte[] target) {
    return read(offset, MemorySegment.ofArray(target));
  }

  /** Does the same with memory that can't be lost. */
  LabelOutcome read(long offset, MemorySegment target) {
    long length = target.byteSize();
    if (!isWithin(offset, length)) {
      return LabelOutcome.OUTSIDE;
    }
    if (length == 0) {
      return LabelOutcome.DONE;
    }
    try {
      return ended ? LabelOutcome.GONE : load(offset, target);
    } catch (IllegalStateException e) {
      return LabelOutcome.GONE;
    }
  }

  /**
   * Writes bytes and persists them at the region's granularity before it returns. That is durable
   * as far as {@link MemoryRegion#durability} says: not at all for memory without a file.
   *
   * <p>Must be called from code that is part of a registered {@link
   * holdfast.machine.api.GuestWriter}, since a swap would lose the bytes otherwise.
   *
   * @param offset the first byte in the area, from 0
   * @param source the bytes; if there are none, nothing is persisted
   */
  public LabelOutcome write(long offset, byte[] source) {
    return write(offset, MemorySegment.ofArray(source));
  }

  /** Does the same with memory that can't be lost. */
  LabelOutcome write(long offset, MemorySegment source) {
    long length = source.byteSize();
    if (!isWithin(offset, length)) {
      return LabelOutcome.OUTSIDE;
    }
    if (device.readOnly()) {
      return LabelOutcome.READ_ONLY;
    }
    if (length == 0) {
      return LabelOutcome.DONE;
    }
    try {
      return ended ? LabelOutcome.GONE : store(offset, source);
    } catch (IllegalStateException e) {
      return LabelOutcome.GONE;
    }
  }

  private LabelOutcome load(long offset, MemorySegment target) {
    long length = target.byteSize();
    if (isFailed()) {
      return failed(offset, length, "read");
    }
    LabelOutcome copied = copy(label, offset, target, 0, length);
    if (copied == LabelOutcome.FAILED) {
      persist(offset, length); // a region that has lost a page finds it out
      return failed(offset, length, "read");
    }
    return copied;
  }

  private LabelOutcome store(long offset, MemorySegment source) {
    long length = source.byteSize();
    if (isFailed()) {
      return failed(offset, length, "write");
    }
    LabelOutcome copied = copy(source, 0, label, offset, length);
    if (copied == LabelOutcome.GONE) {
      return copied;
    }
    stores.stored(device.region(), inRegion(offset), length);
    boolean persisted = persist(offset, length); // a region that has lost a page finds it out
    if (ended) {
      return LabelOutcome.GONE;
    }
    return copied == LabelOutcome.DONE && persisted
        ? LabelOutcome.DONE
        : failed(offset, length, "write");
  }

  /** Copies while the device is there. Waits for nobody. */
  private LabelOutcome copy(
      MemorySegment source, long from, MemorySegment target, long at, long length) {
    long stamp = copies.tryReadLock();
    if (stamp == 0) {
      return LabelOutcome.GONE; // whoever removes the device has it
    }
    try {
      if (ended) {
        return LabelOutcome.GONE;
      }
      return LostPages.copy(source, from, target, at, length)
          ? LabelOutcome.DONE
          : LabelOutcome.FAILED;
    } finally {
      copies.unlockRead(stamp);
    }
  }

  private boolean isWithin(long offset, long length) {
    return offset >= 0 && offset <= label.byteSize() - length;
  }

  /** Returns whether stores may have been lost, so that no byte can be relied on. */
  private boolean isFailed() {
    return device.region().state() == RegionState.FAILED;
  }

  private long inRegion(long offset) {
    return device.region().size().bytes() - label.byteSize() + offset;
  }

  private boolean persist(long offset, long length) {
    try {
      device.region().persist(inRegion(offset), length);
      return true;
    } catch (PersistException | InternalError e) {
      LOG.debug("{} bytes at {} of the label of '{}'", length, offset, device.id(), e);
      return false;
    }
  }

  /** Reports an access that the host made fail. */
  private LabelOutcome failed(long offset, long length, String verb) {
    if (told.compareAndSet(false, true)) {
      MemoryRegion region = device.region();
      LOG.error(
          "nvdimm '{}': the guest could not {} its label, {} bytes from {} on, and was told of a"
              + " hardware error: memory backend '{}' on {} has lost a page, or can't be made"
              + " durable; stop the guest and look at that file",
          device.id(),
          verb,
          length,
          offset,
          region.id(),
          region.backing());
    }
    return LabelOutcome.FAILED;
  }

  @Override
  public String toString() {
    return "label of " + device;
  }
}
