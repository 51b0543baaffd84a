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
 * <p>All methods are thread-safe, and those that access memory take no lock. Plain accesses are
 * neither atomic nor ordered among threads; for those, use the {@code VarHandle}s of a {@link
 * #segment segment}. An access that is under way while its device is removed throws {@link
 * IllegalStateException}; part of it may have been done.
 *
 * <p>Code that writes must be part of a registered {@link GuestWriter}; all other code may only
 * read while regions may be swapped ({@link LiveSwap}).
 *
 * <p>On an emulator's hot path, call {@link #find} once and keep the device's {@link
 * MemoryDevice#segment() segment} and {@link MemoryDevice#address() address} until {@link
 * GuestMemoryListener#deviceRemoved}. An access then costs one bounds check.
 */
@ProviderType
public interface GuestMemory {

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
   * Adds a listener. Before this returns, the listener receives every present device, lowest
   * address first; after that it receives every change, without gap or duplicate. If this is called
   * by a listener, both happen as soon as the calling listener has returned.
   *
   * @throws IllegalArgumentException if the listener was already added
   */
  void addListener(GuestMemoryListener listener);

  /**
   * Removes a listener. When this returns, the listener is not being called, except by the thread
   * that removes it, and will not be called again. Does nothing if the listener was not added.
   */
  void removeListener(GuestMemoryListener listener);
}
