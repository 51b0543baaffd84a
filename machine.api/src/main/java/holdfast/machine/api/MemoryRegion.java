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

/**
 * The bytes of one memory backend for as long as its machine lives, whichever allocator serves them
 * now. Id, size, alignment, segment and bytes never change; {@link #backing()}, {@link
 * #obtained()}, {@link #durability()} and {@link #state()} can, and {@link
 * GuestMemoryListener#regionChanged} tells.
 *
 * <p>All methods are safe for use by several threads; none but {@link #persist} waits for anything.
 */
public interface MemoryRegion {

  /** The id of the memory backend. */
  BackendId id();

  /** Where its bytes live, in words: the path of its file or device, or what it has instead. */
  String backing();

  /** The {@code size} option of the backend. */
  ByteSize size();

  /**
   * The alignment of the host address. The guest address of a device on this region has it too, so
   * that a host's large page can be a guest's.
   */
  Alignment align();

  /**
   * All bytes, from offset 0 to {@link #size()}. The same segment and the same host addresses for
   * the region's whole life: across re-maps, swaps, and while no allocator is there.
   *
   * <p>An access after the machine's end throws {@link IllegalStateException}. An access to a page
   * that the backing can no longer provide throws {@link InternalError}, possibly late, after
   * stores were dropped.
   *
   * <p><b>Whoever stores into it registers a {@link GuestWriter}</b>, or can only be a reader while
   * regions may be swapped: what others store between a swap's last copy and its switch is lost.
   *
   * <p><b>Not every method of the JDK survives such a page.</b> Single accesses, {@link
   * MemorySegment#copy copies} and {@link MemorySegment#fill fills} do. Compiled code of {@link
   * MemorySegment#mismatch}, of comparisons of buffers over it, and of {@link java.util.zip.CRC32},
   * {@link java.util.zip.CRC32C} and {@link java.util.zip.Adler32} over such a buffer can end the
   * JVM (seen with JDK 25.0.3): copy first, then compare or sum up the copy.
   */
  MemorySegment segment();

  /** A copy of the flags in force on the mapping now. */
  EnumSet<RamFlag> obtained();

  /** How durable persisted ranges are now, with reason and evidence. */
  Durability durability();

  /** How the region is served now. */
  RegionState state();

  /**
   * Makes what was stored into a range before this call survive a power cut, as far as this region
   * can.
   *
   * @param offset first byte, from 0
   * @param length number of bytes, 0 for none
   * @return the granularity that held for the whole range during this call: {@link
   *     Granularity#NONE} if nothing makes it durable. A swap can make it differ from what {@link
   *     #durability()} said a moment ago
   * @throws IndexOutOfBoundsException if the range is not within the region
   * @throws PersistException if the host could not do it
   * @throws IllegalStateException after the machine's end
   */
  Granularity persist(long offset, long length) throws PersistException;
}
