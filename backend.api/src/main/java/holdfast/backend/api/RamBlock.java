package holdfast.backend.api;

import java.lang.foreign.MemorySegment;
import java.util.EnumSet;
import java.util.Optional;
import java.util.OptionalInt;
import org.osgi.annotation.versioning.ProviderType;

/**
 * The memory of a backend as it is mapped now. The {@link #spec}, the flags, the {@link
 * #durability}, the page size, the alignment and the {@link #segment} of a block never change. When
 * another allocator re-maps the memory, or its allocator leaves, a new {@code RamBlock} takes over
 * the same addresses and this one is <em>retired</em>. The bytes, the {@link #segment()} and every
 * address handed out stay valid.
 *
 * <p>Blocks are made by the mapper (package {@code holdfast.backend.mmap}), on which allocators are
 * built. A block that something else made can serve a region, but no allocator can re-map it, and
 * neither can it be replaced nor replace another one: to do that, both mappings must be known.
 *
 * <p>A block needs no code of the allocator's bundle: it keeps serving after that bundle is
 * stopped, updated or uninstalled.
 *
 * <p>All methods are thread-safe.
 */
@ProviderType
public interface RamBlock extends AutoCloseable {

  /** Returns what was requested. */
  RamBlockSpec spec();

  /** Returns a copy of the flags in force on this mapping. */
  EnumSet<RamFlag> obtained();

  /** Returns how durable persisted ranges are, with reason and evidence. */
  Durability durability();

  /**
   * Returns the open file or device that holds the bytes, whatever is at its path by now. Empty for
   * memory without a file, for a file that never had a name, if the block is closed or retired, and
   * if the file can't be identified.
   */
  default Optional<FileIdentity> file() {
    return Optional.empty();
  }

  /** Returns the page size of the backing, a power of two. */
  ByteSize pageSize();

  /**
   * Returns the alignment of the host address: the greater of the requested alignment and the page
   * size.
   */
  Alignment align();

  /**
   * Returns the block's bytes, from offset 0 to its size. Every block at these addresses has the
   * same segment. With RAM_READONLY it is read-only: a store throws {@link
   * IllegalArgumentException}.
   *
   * <p>An access after {@link #close()} throws {@link IllegalStateException}. An access to a page
   * that the backing can no longer provide (the file was truncated, the disk failed) throws {@link
   * InternalError}, possibly late: then the whole block has failed.
   */
  MemorySegment segment();

  /**
   * Returns the descriptor of the file or device in which the bytes are, to be handed to another
   * process. It is the block's, which closes it.
   *
   * @return empty for memory without one
   */
  default OptionalInt descriptor() {
    return OptionalInt.empty();
  }

  /**
   * Makes the bytes of a range durable at the granularity that {@link #durability()} reports. When
   * this returns, what was stored into the range before the call survives a power cut, except with
   * {@link Granularity#NONE}, where nothing can be done and nothing is.
   *
   * @param offset first byte, from 0
   * @param length number of bytes, 0 for none
   * @throws IndexOutOfBoundsException if the range is not within the block
   * @throws PersistException if the host could not do it, or {@linkplain #writeBackFailure could
   *     not write back} something else of the same file before this returns: from then on nothing
   *     is known about what the backing holds, and every persist of it is refused
   * @throws RetiredBlockException if another block has taken this one's place: use that one
   * @throws IllegalStateException if the block is closed
   */
  void persist(long offset, long length) throws PersistException;

  /**
   * Returns the first failure of the kernel to write back any part of this block's file since the
   * file was opened, whichever call reported it, on this block or an earlier one at its addresses.
   * A failure is final. Also asks the kernel for a failure that has not been reported yet, which
   * neither writes nor waits for the disk.
   *
   * @return the first such failure; empty if there was none, or if stores don't reach a file or
   *     don't survive in it
   */
  Optional<WriteBackFailure> writeBackFailure();

  /**
   * Checks whether the host can still provide the pages of a range. For code that has met an {@link
   * InternalError} and does not know which memory caused it. Asks the kernel, makes the pages
   * present, and changes no byte; with {@code stored}, pages that are {@linkplain #track tracked}
   * count as written.
   *
   * @param offset first byte, from 0
   * @param length number of bytes, 0 for none
   * @param stored whether the pages must be writable
   * @return the host's error for the first page that it can't provide; empty if all of the range
   *     can be accessed. For a retired block, the answer for the block that took its place
   * @throws IndexOutOfBoundsException if the range is not within the block
   * @throws IllegalStateException if the block is closed
   */
  Optional<String> lostPage(long offset, long length, boolean stored);

  /**
   * Returns the evidence for {@link #durability}, observed again: the VmFlags are the present ones,
   * which {@link #advise} and others may have changed since the block was mapped. May take some
   * milliseconds. For a closed or retired block, returns what its durability was decided on.
   */
  default Evidence evidence() {
    return durability().evidence();
  }

  /**
   * Returns the evidence as {@link #evidence()} does, as part of one look at many blocks, which may
   * have begun earlier.
   */
  default Evidence evidence(HostLook look) {
    return evidence();
  }

  /** Returns the present advice to the kernel about the pages; at first that of {@link #spec()}. */
  MemoryAdvice advice();

  /**
   * Changes the advice to the kernel about the pages, at once and for every later block at these
   * addresses. Advice guarantees nothing: what the kernel refuses is logged.
   *
   * @throws RetiredBlockException if another block has taken this one's place: use that one
   * @throws IllegalStateException if the block is closed
   */
  void advise(MemoryAdvice advice);

  /**
   * Makes every page present now, as {@code prealloc=on} does at the start; the content stays.
   *
   * @param threads the most threads to use, 1 or more; empty for the number of processors
   * @throws PreallocationException if the host can't
   * @throws IllegalArgumentException if {@code threads} is less than 1
   * @throws RetiredBlockException if another block has taken this one's place: use that one
   * @throws IllegalStateException if the block is closed
   */
  void preallocate(OptionalInt threads) throws PreallocationException;

  /**
   * Looks up why no allocator can re-map this memory in place. Only shared mappings of a file can
   * be re-mapped: the changes in a private one exist nowhere else.
   *
   * @return the reason as a sentence without full stop; empty if an allocator can
   */
  Optional<String> remapObstacle();

  /**
   * Looks up why {@link #track} would refuse, as far as can be known without touching the memory.
   *
   * @return the reason as a sentence without full stop; empty if no obstacle is known
   */
  Optional<String> trackingObstacle();

  /**
   * Starts to track which pages are stored into; every page is clean now.
   *
   * @throws TrackingRefusedException if this host or this kind of memory can't be tracked; nothing
   *     is left behind
   * @throws RetiredBlockException if another block has taken this one's place: use that one
   * @throws IllegalStateException if the block is closed
   */
  DirtyTracking track() throws TrackingRefusedException;

  /**
   * Looks up why this block can't {@linkplain #replace replace} {@code present}. The two must have
   * the same size, {@code present}'s addresses must suit this backing's page size and alignment,
   * and either both or neither must be writable.
   *
   * @return the reason as half a sentence about {@code present}; empty if it can
   */
  Optional<String> replaceObstacle(RamBlock present);

  /**
   * Replaces a live block by this one, which is not in use yet. This block's memory is mapped over
   * {@code present}'s addresses, so that {@code present}'s {@link #segment} and every address
   * handed out lead to it from then on. Returns the block that is at those addresses now; this one
   * and {@code present} are retired, this one's own addresses are released, and {@code present}'s
   * file is closed and its lock released.
   *
   * <p>The caller ensures that both hold the same bytes and that there are no stores meanwhile: a
   * store into {@code present} after its bytes were copied is lost. Readers of {@code present} need
   * not stop. This block's own segment must not be accessed meanwhile or later.
   *
   * @param present a live block
   * @throws RemapRefusedException if it {@linkplain #replaceObstacle can't be done}, one of the two
   *     has a {@link #writeBackFailure}, or a persist of {@code present} doesn't end in time
   * @throws MappingException if the kernel refused; in both cases {@code present} keeps serving,
   *     and this block stays where it is
   * @throws RetiredBlockException if another block has taken the place of one of them
   * @throws IllegalStateException if one of them is closed
   */
  RamBlock replace(RamBlock present) throws RemapRefusedException, MappingException;

  /**
   * Does what {@link #replace} does, but leaves to the caller when what is left of both blocks is
   * released, for instance after writers have resumed: that takes longer than the exchange itself.
   *
   * @return the block that is at those addresses now; the caller {@linkplain BlockExchange#release
   *     releases} the rest soon
   * @throws RemapRefusedException as {@link #replace}
   * @throws MappingException as {@link #replace}
   */
  default BlockExchange exchange(RamBlock present) throws RemapRefusedException, MappingException {
    return new BlockExchange(replace(present), () -> {});
  }

  /**
   * Prepares a block that is to {@link #replace} another for being copied into: its pages are then
   * cached and written back one by one, and not in large pieces of which each small store would
   * write back the whole. Has no effect on what is at the present block's addresses afterwards.
   *
   * @return what the copy goes through; what is stored into the block otherwise counts, too
   * @throws RetiredBlockException if another block has taken this one's place: use that one
   * @throws IllegalStateException if the block is closed
   */
  default CopyTarget expectCopy() {
    return (from, offset, length) -> MemorySegment.copy(from, offset, segment(), offset, length);
  }

  /**
   * Starts to write back what was stored into a range, so that a later {@link #persist} finds less
   * to do; persists nothing. May wait while the disk is busy. Does nothing if the block's stores
   * need no writing back.
   *
   * @param offset first byte, from 0
   * @param length number of bytes, 0 for none
   * @throws IndexOutOfBoundsException if the range is not within the block
   * @throws PersistException as {@link #persist}
   * @throws RetiredBlockException if another block has taken this one's place: use that one
   * @throws IllegalStateException if the block is closed
   */
  default void startWriteBack(long offset, long length) throws PersistException {}

  /**
   * Detaches the block from its allocator: the memory stays as it is, and the kernel alone
   * (msync(2)) persists it where it can. This block is retired, and the block returned takes its
   * place.
   *
   * @throws RetiredBlockException if another block has already taken this one's place
   * @throws IllegalStateException if the block is closed
   */
  RamBlock detach();

  /**
   * Closes the memory: waits for running accesses through the segment, makes later ones throw,
   * unmaps, closes the file and releases its lock; with {@link MemoryAdvice#discardData} the
   * content is discarded first. Nothing is persisted: the kernel writes what was stored since the
   * last persist in its own time. A failure to write back that is first reported here is logged as
   * an error. Does nothing if the block is retired. Idempotent.
   */
  @Override
  void close();

  /**
   * Closes the memory as {@link #close()} does, and undoes what making the block did to its file: a
   * file that was created is removed, and one that was found empty is emptied again. For a start
   * that failed as a whole before anything was stored.
   */
  void discard();
}
