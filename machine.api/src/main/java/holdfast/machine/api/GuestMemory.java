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

/**
 * The guest physical address space of one machine: which device's bytes stand at which guest
 * address.
 *
 * <p>Ranges can be of any length and cross from one device into the next one, as long as no address
 * between them is without memory. A range is checked as a whole before its first byte is touched:
 * an access that throws {@link UnmappedAddressException} or {@link ReadOnlyDeviceException} has
 * read and written nothing, and has not asked its channel. A range of no bytes is always good.
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
   * Fills guest memory from a file: what a guest's disk does for a read. The kernel, or with {@link
   * com.sun.nio.file.ExtendedOpenOption#DIRECT} the disk itself, stores straight into the guest's
   * pages, and this tells what it filled ({@link #markDirty}) before it returns. It returns when
   * the range is full or the file ends, so that less than {@code size} means the end of the file;
   * the channel's own position stays.
   *
   * <p>A file opened with {@code DIRECT} takes only a position, a size and guest addresses that are
   * multiples of its block size ({@link java.nio.file.FileStore#getBlockSize()}), and fills the
   * rest of its last block as it likes. A transfer that fails may have filled any part of the
   * range. If the calling thread is interrupted, the channel is closed ({@link
   * java.nio.channels.InterruptibleChannel}).
   *
   * <p>A {@link GuestWriter} that has paused has no such call under way. At the machine's end a
   * call under way is waited for, at most 10 s; after that the memory stays mapped.
   *
   * @param file open for reading; what has no positions, such as a pipe or a tap device, is read
   *     with {@link #transferFrom(ScatteringByteChannel, List)}
   * @param position where in the file, from 0
   * @return the number of bytes filled, from {@code address} on
   * @throws IOException if the file can't be read, or not so
   * @throws GuestMemoryException if guest memory can't be filled
   */
  long transferFrom(FileChannel file, long position, GuestAddress address, ByteSize size)
      throws IOException;

  /**
   * Writes guest memory to a file: what a guest's disk does for a write. All of it is written when
   * this returns, as durable as a {@link FileChannel#write(java.nio.ByteBuffer, long)} makes it.
   * What the guest stores into the range meanwhile may be written or not. Otherwise as {@link
   * #transferFrom(FileChannel, long, GuestAddress, ByteSize)}.
   *
   * @param file open for writing
   * @param position where in the file, from 0
   * @throws IOException if the file can't be written, or not so; some may be written
   * @throws GuestMemoryException if guest memory can't be read
   */
  void transferTo(FileChannel file, long position, GuestAddress address, ByteSize size)
      throws IOException;

  /**
   * Fills guest memory with what one read of a channel gives: what a guest's network device does
   * with a packet, or its console with what was typed. Of a stream this may be any part of what was
   * asked for; of a socket or a tap device for packets it is one packet, and what of it has no room
   * is dropped. What was filled is told ({@link #markDirty}).
   *
   * @param ranges what is filled, in this order; a range can cross from one device into the next
   * @return the number of bytes filled; 0 if a channel that doesn't block has none, or there are no
   *     ranges; -1 at the end of the stream
   * @throws IOException if the channel can't be read
   * @throws GuestMemoryException if guest memory can't be filled
   */
  long transferFrom(ScatteringByteChannel source, List<GuestRange> ranges) throws IOException;

  /**
   * Writes guest memory to a channel by one write. Of a stream this may be any part of what was
   * asked for; to a socket or a tap device for packets it is one packet.
   *
   * @param ranges what is written, in this order; a range can cross from one device into the next
   * @return the number of bytes written; 0 if a channel that doesn't block takes none
   * @throws IOException if the channel can't be written
   * @throws GuestMemoryException if guest memory can't be read
   */
  long transferTo(GatheringByteChannel target, List<GuestRange> ranges) throws IOException;

  /**
   * Tells that a range was filled by somebody whose stores the kernel can't see: a device that
   * stored into pages that were pinned (registered buffers of io_uring, RDMA, VFIO), or another
   * process by its own mapping of the file. To be called when the transfer is done, and before
   * {@link GuestWriter#pause} says that its writer has paused; without it a swap loses what was
   * filled. The methods above do it by themselves.
   *
   * <p>Changes no byte: it stores a word of each page back into it, atomically. Costs some 5 µs for
   * each MiB, and a page fault for each page while a swap is copying.
   *
   * @throws GuestMemoryException if some address of the range has no memory, or can't be stored to
   */
  void markDirty(GuestAddress address, ByteSize size);

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
