package holdfast.machine.api;

import holdfast.backend.api.ByteSize;
import holdfast.backend.api.Granularity;
import holdfast.backend.api.PersistException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteOrder;
import java.util.List;
import java.util.Optional;

/**
 * The guest physical address space of one machine: which device's bytes stand at which guest
 * address.
 *
 * <p>Ranges can be of any length and cross from one device into the next one, as long as no address
 * between them is without memory. A range is checked as a whole before its first byte is touched:
 * an access that throws {@link UnmappedAddressException} or {@link ReadOnlyDeviceException} has
 * read and written nothing. A range of no bytes is always good.
 *
 * <p>All methods are safe for use by several threads, and those that access memory don't lock.
 * Plain accesses are neither atomic nor ordered among threads: for those take a {@link #segment
 * segment} and use its {@code VarHandle}s. An access that is under way while its device is removed
 * ends with {@link IllegalStateException}, some of it done.
 *
 * <p>Whoever writes registers a {@link GuestWriter}, or can only be a reader while regions may be
 * swapped ({@link LiveSwap}).
 *
 * <p>For an emulator's hot path: {@link #find} once, then keep the device's {@link
 * MemoryDevice#segment() segment} and {@link MemoryDevice#address() address} until {@link
 * GuestMemoryListener#deviceRemoved}. That costs one bounds check an access.
 */
public interface GuestMemory {

  /** The devices in the order of their addresses, as they are now. Immutable. */
  List<MemoryDevice> devices();

  /** The device that has {@code address}, if memory stands there. Allocates nothing. */
  Optional<MemoryDevice> find(GuestAddress address);

  /**
   * Copies guest memory from {@code address} on into the whole of {@code target}.
   *
   * @throws GuestMemoryException if it can't be done
   */
  void read(GuestAddress address, MemorySegment target);

  /**
   * Copies the whole of {@code source} to guest memory from {@code address} on.
   *
   * @throws GuestMemoryException if it can't be done
   */
  void write(GuestAddress address, MemorySegment source);

  /**
   * Reads one byte.
   *
   * @throws GuestMemoryException if it can't be done
   */
  byte getByte(GuestAddress address);

  /**
   * Reads two bytes, aligned or not.
   *
   * @throws GuestMemoryException if it can't be done
   */
  short getShort(GuestAddress address, ByteOrder order);

  /**
   * Reads four bytes, aligned or not.
   *
   * @throws GuestMemoryException if it can't be done
   */
  int getInt(GuestAddress address, ByteOrder order);

  /**
   * Reads eight bytes, aligned or not.
   *
   * @throws GuestMemoryException if it can't be done
   */
  long getLong(GuestAddress address, ByteOrder order);

  /**
   * Writes one byte.
   *
   * @throws GuestMemoryException if it can't be done
   */
  void setByte(GuestAddress address, byte value);

  /**
   * Writes two bytes, aligned or not.
   *
   * @throws GuestMemoryException if it can't be done
   */
  void setShort(GuestAddress address, short value, ByteOrder order);

  /**
   * Writes four bytes, aligned or not.
   *
   * @throws GuestMemoryException if it can't be done
   */
  void setInt(GuestAddress address, int value, ByteOrder order);

  /**
   * Writes eight bytes, aligned or not.
   *
   * @throws GuestMemoryException if it can't be done
   */
  void setLong(GuestAddress address, long value, ByteOrder order);

  /**
   * Host access to a piece of guest memory within one device: a slice of {@link
   * MemoryDevice#segment()}, with its life and its limits. Unlike elsewhere, memory must stand at
   * {@code address} even if {@code size} is 0.
   *
   * @throws SplitRangeException if the range lies in more than one device
   * @throws GuestMemoryException if it can't be done for another cause
   */
  MemorySegment segment(GuestAddress address, ByteSize size);

  /**
   * Makes what was stored into a range before this call survive a power cut, as far as the regions
   * behind it can.
   *
   * @return the weakest granularity among those that held for the parts of the range; {@link
   *     Granularity#BYTE} for a range of no bytes
   * @throws PersistException if the host could not do it for some part; those behind it were not
   *     tried
   * @throws GuestMemoryException if some address of the range has no memory
   */
  Granularity persist(GuestAddress address, ByteSize size) throws PersistException;

  /**
   * Adds a listener. When this returns it has been told of every device that is there, lowest
   * address first, and from then on of every change, without gap or duplicate. If this is called
   * from within a listener, that happens as soon as the calling one has returned.
   *
   * @throws IllegalArgumentException if it is already there
   */
  void addListener(GuestMemoryListener listener);

  /**
   * Removes a listener. When this returns it is not being called, unless by the thread that removes
   * it, and never will be. Nothing happens if it was not there.
   */
  void removeListener(GuestMemoryListener listener);
}
