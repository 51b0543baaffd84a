package holdfast.machine.api;

import holdfast.backend.api.Alignment;
import holdfast.backend.api.BackendId;
import holdfast.backend.api.ByteSize;
import holdfast.backend.api.Durability;
import holdfast.backend.api.Granularity;
import holdfast.backend.api.PersistException;
import holdfast.backend.api.RamFlag;
import java.lang.foreign.MemorySegment;
import java.util.EnumSet;
import org.osgi.annotation.versioning.ProviderType;

/**
 * The bytes of one memory backend for the whole life of its machine, whichever allocator serves
 * them. Id, size, alignment and segment never change, and neither a re-map nor a swap changes the
 * bytes; {@link #backing()}, {@link #obtained()}, {@link #durability()} and {@link #state()} can
 * change, which {@link GuestMemoryListener#regionChanged} reports.
 *
 * <p>All methods are thread-safe; none but {@link #persist} blocks.
 */
@ProviderType
public interface MemoryRegion {

  /** Returns the id of the memory backend. */
  BackendId id();

  /**
   * Returns a description of where its bytes live: the path of its file or device, or what it has
   * instead.
   */
  String backing();

  /** Returns the {@code size} option of the backend. */
  ByteSize size();

  /**
   * Returns the alignment of the host address. The guest address of a device on this region has the
   * same alignment, so that a large page of the host can be one of the guest.
   */
  Alignment align();

  /**
   * Returns all bytes, from offset 0 to {@link #size()}. The segment and the host addresses stay
   * the same for the region's whole life: across re-maps, swaps, and while there is no allocator.
   *
   * <p>An access after the machine's end throws {@link IllegalStateException}. An access to a page
   * that the backing can no longer provide throws {@link InternalError}, possibly late, after
   * stores were dropped.
   *
   * <p><b>Code that stores into it must be part of a registered {@link GuestWriter}</b>; other code
   * may only read while regions may be swapped, since its stores between a swap's last copy and the
   * switch are lost.
   *
   * <p><b>Not every method of the JDK survives a page that can't be provided.</b> Single accesses,
   * {@link MemorySegment#copy copies} and {@link MemorySegment#fill fills} do. Compiled code of
   * {@link MemorySegment#mismatch}, of comparisons of buffers over this segment, and of {@link
   * java.util.zip.CRC32}, {@link java.util.zip.CRC32C} and {@link java.util.zip.Adler32} over such
   * a buffer can end the JVM (seen with JDK 25.0.3): copy first, then compare or sum up the copy.
   */
  MemorySegment segment();

  /** Returns a copy of the flags that are in force on the mapping now. */
  EnumSet<RamFlag> obtained();

  /** Returns how durable persisted ranges are now, with reason and evidence. */
  Durability durability();

  /** Returns how the region is served now. */
  RegionState state();

  /**
   * Makes all earlier stores into a range survive a power cut, as far as this region can.
   *
   * @param offset first byte, from 0
   * @param length number of bytes, 0 for none
   * @return the granularity that held for the whole range during this call: {@link
   *     Granularity#NONE} if nothing makes it durable. After a swap it can differ from an earlier
   *     {@link #durability()}
   * @throws IndexOutOfBoundsException if the range is not within the region
   * @throws PersistException if the host could not persist the range
   * @throws IllegalStateException after the machine's end
   */
  Granularity persist(long offset, long length) throws PersistException;
}
