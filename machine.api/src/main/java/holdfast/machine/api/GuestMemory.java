package holdfast.machine.api;

import holdfast.backend.api.ByteSize;
import holdfast.backend.api.Granularity;
import holdfast.backend.api.PersistException;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.channels.GatheringByteChannel;
import java.nio.channels.ScatteringByteChannel;
import java.util.List;
import java.util.Optional;
import org.osgi.annotation.versioning.ProviderType;

/**
 * The guest physical address space of one machine: which device's bytes are at which guest address.
 *
 * <p>A range can have any length and can span several devices, as long as every address in it has
 * memory. The whole range is checked before its first byte is touched: an access that throws {@link
 * UnmappedAddressException} or {@link ReadOnlyDeviceException} has read and written nothing, and
 * has not used its channel. An empty range is always valid.
 *
 * <p>All methods are thread-safe, and those that access memory take no lock; only atomic updates,
 * while their code is not compiled yet, may wait for a re-map of their region. Loads, stores,
 * copies and persists that go well make no garbage. Plain accesses are neither atomic nor ordered
 * among threads. The {@code Acquire}, {@code Release} and {@code compareAndSet} methods are both,
 * as those of a {@link java.lang.invoke.VarHandle} are; for other operations and widths use the
 * {@code VarHandle}s of a {@link #segment segment}. An access that is under way while its device is
 * removed throws {@link IllegalStateException}; part of it may have been done.
 *
 * <p>An access to a page that the host can't provide throws {@link LostMemoryException}. Through a
 * {@link #segment segment}, it is an {@link InternalError}, with one exception: a {@code
 * VarHandle}'s compare-and-set of a lost page, in code that is still interpreted, ends the JVM (JDK
 * 25.0.3). Load from the page first, as the methods here do.
 *
 * <p>Code that writes must be part of a registered {@link GuestWriter}; all other code may only
 * read while regions may be swapped ({@link LiveSwap}).
 *
 * <p>There are no ROM devices and no aliases. What such an address shows (a flash chip, a PC's
 * shadowed BIOS) follows from a chipset's registers, which are the emulator's: it serves the
 * address itself, or translates it to another one before it asks here.
 *
 * <p>On an emulator's hot path, call {@link #find} once and keep the device's {@link
 * MemoryDevice#segment() segment} and {@link MemoryDevice#address() address} until {@link
 * GuestMemoryListener#deviceRemoved}. An access then costs one bounds check.
 */
@ProviderType
public interface GuestMemory {
  /** The service property with the type of machine, a {@code String} such as {@code q35}. */
  String MACHINE_TYPE = "machine.type";

  /** The service property with the size of the base RAM in bytes, a {@code Long}. */
  String RAM_SIZE = "ram.size";

  /**
   * The service property with the greatest size that base RAM and devices can have together in
   * bytes, a {@code Long}. Devices come and go while the service is registered: ask {@link
   * #devices}.
   */
  String MAX_SIZE = "max.size";

  /** The service property with the number of slots for devices, an {@code Integer}. */
  String SLOTS = "slots";

  /**
   * The service property with the word of {@code -machine nvdimm-persistence=}, a {@code String}:
   * the label of an {@link NvdimmPersistence}. Left out if that was.
   */
  String NVDIMM_PERSISTENCE = "nvdimm.persistence";

  /** Returns the present devices in the order of their addresses. The list is immutable. */
  List<MemoryDevice> devices();

  /** Returns the device that has {@code address}, if there is one. Allocates nothing. */
  Optional<MemoryDevice> find(GuestAddress address);

  /**
   * Copies guest memory, starting at {@code address}, into the whole of {@code target}.
   *
   * @throws GuestMemoryException if the range can't be read
   */
  void read(GuestAddress address, MemorySegment target);

  /**
   * Copies the whole of {@code source} to guest memory, starting at {@code address}.
   *
   * @throws GuestMemoryException if the range can't be written
   */
  void write(GuestAddress address, MemorySegment source);

  /**
   * Fills guest memory from a file, as a guest's disk does for a read. The kernel, or with {@link
   * com.sun.nio.file.ExtendedOpenOption#DIRECT} the disk itself, stores straight into the guest's
   * pages; the filled range is marked dirty ({@link #markDirty}) before this method returns. It
   * returns when the range is full or the file ends, so a result below {@code size} means the end
   * of the file. The channel's own position does not change.
   *
   * <p>A file opened with {@code DIRECT} requires a position, a size and guest addresses that are
   * multiples of its block size ({@link java.nio.file.FileStore#getBlockSize()}); the rest of the
   * last block that it fills is undefined. A transfer that fails may have filled any part of the
   * range. If the calling thread is interrupted, the channel is closed ({@link
   * java.nio.channels.InterruptibleChannel}).
   *
   * <p>A {@link GuestWriter} that has paused has no such call under way. The machine's end waits at
   * most 10 s for a call under way; after that the memory stays mapped.
   *
   * @param file open for reading; read a file without positions, such as a pipe or a tap device,
   *     with {@link #transferFrom(ScatteringByteChannel, List)}
   * @param position where in the file, from 0
   * @return the number of bytes filled, starting at {@code address}
   * @throws IOException if the file can't be read, or not in this way
   * @throws GuestMemoryException if guest memory can't be filled
   */
  long transferFrom(FileChannel file, long position, GuestAddress address, ByteSize size)
      throws IOException;

  /**
   * Writes guest memory to a file, as a guest's disk does for a write. When this returns everything
   * is written, as durable as a {@link FileChannel#write(java.nio.ByteBuffer, long)} makes it.
   * Stores by the guest into the range during the call may or may not be written. In all else this
   * is like {@link #transferFrom(FileChannel, long, GuestAddress, ByteSize)}.
   *
   * @param file open for writing
   * @param position where in the file, from 0
   * @throws IOException if the file can't be written, or not in this way; some of it may be written
   * @throws GuestMemoryException if guest memory can't be read
   */
  void transferTo(FileChannel file, long position, GuestAddress address, ByteSize size)
      throws IOException;

  /**
   * Fills guest memory from one read of a channel, as a guest's network device does with a packet,
   * or its console with input. A read of a stream may return any part of what was asked for; a read
   * of a socket or a tap device returns one packet, and drops what doesn't fit. The filled bytes
   * are marked dirty ({@link #markDirty}).
   *
   * @param ranges the ranges to fill, in this order; a range can span several devices
   * @return the number of bytes filled; 0 if a non-blocking channel has none, or there are no
   *     ranges; -1 at the end of the stream
   * @throws IOException if the channel can't be read
   * @throws GuestMemoryException if guest memory can't be filled
   */
  long transferFrom(ScatteringByteChannel source, List<GuestRange> ranges) throws IOException;

  /**
   * Writes guest memory to a channel by one write. A write to a stream may take any part of what
   * was asked for; a write to a socket or a tap device sends one packet.
   *
   * @param ranges the ranges to write, in this order; a range can span several devices
   * @return the number of bytes written; 0 if a non-blocking channel takes none
   * @throws IOException if the channel can't be written
   * @throws GuestMemoryException if guest memory can't be read
   */
  long transferTo(GatheringByteChannel target, List<GuestRange> ranges) throws IOException;

  /**
   * Marks a range dirty that was filled by stores that the kernel can't see: by a device into pages
   * that were pinned (registered buffers of io_uring, RDMA, VFIO), or by another process through
   * its own mapping of the file. Call it when the transfer is done, and before {@link
   * GuestWriter#pause} returns true; without it a swap loses what was filled. The methods above
   * call it themselves.
   *
   * <p>Changes no byte: it stores a word of each page back into it, atomically. Costs about 5 µs
   * for each MiB, and a page fault for each page while a swap is copying.
   *
   * @throws GuestMemoryException if an address of the range has no memory, or can't be stored to
   */
  void markDirty(GuestAddress address, ByteSize size);

  /**
   * Reads one byte.
   *
   * @throws GuestMemoryException if the byte can't be read
   */
  byte getByte(GuestAddress address);

  /**
   * Reads two bytes, aligned or not.
   *
   * @throws GuestMemoryException if the bytes can't be read
   */
  short getShort(GuestAddress address, ByteOrder order);

  /**
   * Reads four bytes, aligned or not.
   *
   * @throws GuestMemoryException if the bytes can't be read
   */
  int getInt(GuestAddress address, ByteOrder order);

  /**
   * Reads eight bytes, aligned or not.
   *
   * @throws GuestMemoryException if the bytes can't be read
   */
  long getLong(GuestAddress address, ByteOrder order);

  /**
   * Writes one byte.
   *
   * @throws GuestMemoryException if the byte can't be written
   */
  void setByte(GuestAddress address, byte value);

  /**
   * Writes two bytes, aligned or not.
   *
   * @throws GuestMemoryException if the bytes can't be written
   */
  void setShort(GuestAddress address, short value, ByteOrder order);

  /**
   * Writes four bytes, aligned or not.
   *
   * @throws GuestMemoryException if the bytes can't be written
   */
  void setInt(GuestAddress address, int value, ByteOrder order);

  /**
   * Writes eight bytes, aligned or not.
   *
   * @throws GuestMemoryException if the bytes can't be written
   */
  void setLong(GuestAddress address, long value, ByteOrder order);

  /**
   * Reads four bytes as one, ordered before all later accesses of this thread.
   *
   * @throws MisalignedAddressException if {@code address} is not a multiple of 4
   * @throws SplitRangeException if the bytes lie in more than one device
   * @throws GuestMemoryException if the bytes can't be read
   */
  int getIntAcquire(GuestAddress address, ByteOrder order);

  /**
   * Reads eight bytes as one, ordered before all later accesses of this thread.
   *
   * @throws MisalignedAddressException if {@code address} is not a multiple of 8
   * @throws SplitRangeException if the bytes lie in more than one device
   * @throws GuestMemoryException if the bytes can't be read
   */
  long getLongAcquire(GuestAddress address, ByteOrder order);

  /**
   * Writes four bytes as one, ordered after all earlier accesses of this thread.
   *
   * @throws MisalignedAddressException if {@code address} is not a multiple of 4
   * @throws SplitRangeException if the bytes lie in more than one device
   * @throws GuestMemoryException if the bytes can't be written
   */
  void setIntRelease(GuestAddress address, int value, ByteOrder order);

  /**
   * Writes eight bytes as one, ordered after all earlier accesses of this thread.
   *
   * @throws MisalignedAddressException if {@code address} is not a multiple of 8
   * @throws SplitRangeException if the bytes lie in more than one device
   * @throws GuestMemoryException if the bytes can't be written
   */
  void setLongRelease(GuestAddress address, long value, ByteOrder order);

  /**
   * Writes four bytes if they are {@code expected}, as one operation that is ordered with all other
   * accesses of this thread.
   *
   * @return whether they were {@code expected}, and so are {@code value} now
   * @throws MisalignedAddressException if {@code address} is not a multiple of 4
   * @throws SplitRangeException if the bytes lie in more than one device
   * @throws GuestMemoryException if the bytes can't be written
   */
  boolean compareAndSetInt(GuestAddress address, int expected, int value, ByteOrder order);

  /**
   * Writes eight bytes if they are {@code expected}, as one operation that is ordered with all
   * other accesses of this thread.
   *
   * @return whether they were {@code expected}, and so are {@code value} now
   * @throws MisalignedAddressException if {@code address} is not a multiple of 8
   * @throws SplitRangeException if the bytes lie in more than one device
   * @throws GuestMemoryException if the bytes can't be written
   */
  boolean compareAndSetLong(GuestAddress address, long expected, long value, ByteOrder order);

  /**
   * Returns a range of guest memory within one device, for direct access: a slice of {@link
   * MemoryDevice#segment()}, with the same lifetime and access mode. Unlike in other methods,
   * {@code address} must have memory even if {@code size} is 0.
   *
   * @throws SplitRangeException if the range lies in more than one device
   * @throws GuestMemoryException if the range can't be accessed for another reason
   */
  MemorySegment segment(GuestAddress address, ByteSize size);

  /**
   * Makes all earlier stores into a range survive a power cut, as far as its regions can.
   *
   * @return the weakest granularity that held for any part of the range; {@link Granularity#BYTE}
   *     for an empty range
   * @throws PersistException if the host could not persist a part; the parts after it were not
   *     tried
   * @throws GuestMemoryException if an address of the range has no memory
   */
  Granularity persist(GuestAddress address, ByteSize size) throws PersistException;

  /**
   * Adds a listener. It receives every present device, lowest address first, and after that every
   * change, without gap or duplicate. Before this returns it has received the present devices,
   * unless it {@linkplain GuestMemoryListener hangs} or a listener adds it.
   *
   * @throws IllegalArgumentException if the listener was already added
   */
  void addListener(GuestMemoryListener listener);

  /**
   * Removes a listener. It is not called again. When this returns, a call that was under way has
   * returned, unless the listener {@linkplain GuestMemoryListener hangs} or a listener removes it.
   * Does nothing if the listener was not added.
   */
  void removeListener(GuestMemoryListener listener);
}
