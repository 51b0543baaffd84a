package holdfast.backend.api;

import java.lang.foreign.MemorySegment;
import java.util.EnumSet;
import java.util.Optional;
import java.util.OptionalInt;

/**
 * Memory of a backend as it is mapped now. Immutable in what it reports: when another allocator
 * re-maps the memory, or its allocator leaves, a new {@code RamBlock} takes over the same addresses
 * and this one is <em>retired</em>. The bytes, the {@link #segment()} and every address handed out
 * stay valid across that.
 *
 * <p>A block relies on no code of the allocator's bundle: it keeps serving after that bundle is
 * stopped, updated or uninstalled.
 *
 * <p>All methods are safe for use by several threads.
 */
public interface RamBlock extends AutoCloseable {

  /** What was asked for. */
  RamBlockSpec spec();

  /** A copy of the flags in force on this mapping. */
  EnumSet<RamFlag> obtained();

  /** How durable persisted ranges are, with reason and evidence. */
  Durability durability();

  /**
   * The open file or device that the bytes are on, whatever stands at its path by now. Empty for
   * memory without a file, for a file that never had a name, of a closed or retired block, and by
   * blocks that can't tell.
   */
  default Optional<FileIdentity> file() {
    return Optional.empty();
  }

  /** The page size of the backing in bytes, a power of two. */
  ByteSize pageSize();

  /** The alignment that the host address has: the greater of the wish and the page size. */
  Alignment align();

  /**
   * The block's bytes, from offset 0 to its size. The same segment for every block that ever stands
   * at these addresses. Of a block with RAM_READONLY it is a read-only segment: a store throws
   * {@link IllegalArgumentException}.
   *
   * <p>An access after {@link #close()} throws {@link IllegalStateException}. An access to a page
   * that its backing can no longer provide (the file was truncated, the disk failed) throws {@link
   * InternalError}, possibly late: then the whole block has failed.
   */
  MemorySegment segment();

  /**
   * Makes the bytes of a range durable at the granularity that {@link #durability()} reports: when
   * this returns, what was stored into the range before the call survives a power cut, unless the
   * granularity is {@link Granularity#NONE}, for which nothing can be done and nothing is.
   *
   * @param offset first byte, from 0
   * @param length number of bytes, 0 for none
   * @throws IndexOutOfBoundsException if the range is not within the block
   * @throws PersistException if the host could not do it, or {@linkplain #writeBackFailure could
   *     not write back} something else of the same file before this returns: from then on nothing
   *     is known about what the backing holds, and every persist of it is refused
   * @throws RetiredBlockException if another block stands in this one's place: ask that one
   * @throws IllegalStateException if the block is closed
   */
  void persist(long offset, long length) throws PersistException;

  /**
   * Tells whether the kernel has failed to write back anything of this block's file since it was
   * opened, whichever call was told of it: of this block, or of one that stood at its addresses
   * before. That is final. The kernel is asked too, for a failure that nobody was told of yet; it
   * neither writes nor waits for that.
   *
   * @return the first such failure; empty if there was none, and where nothing stored reaches a
   *     file or survives in it
   */
  Optional<WriteBackFailure> writeBackFailure();

  /**
   * Looks whether the host can still provide the pages of a range, for who has met an {@link
   * InternalError} and does not know whose memory it was about. Asks the kernel, makes those pages
   * present, and changes no byte; of pages that are looked at for stores it counts as one that they
   * are {@linkplain #track written}.
   *
   * @param offset first byte, from 0
   * @param length number of bytes, 0 for none
   * @param stored whether it must be possible to store into them
   * @return what the host says of the first page that it can't provide; an empty string if all of
   *     the range can be accessed. Of a retired block: the answer for what stands in its place
   * @throws IndexOutOfBoundsException if the range is not within the block
   * @throws IllegalStateException if the block is closed
   */
  String lostBecause(long offset, long length, boolean stored);

  /**
   * What {@link #durability} rests on, looked at again: its VmFlags are those of this moment, which
   * {@link #advise} and others may have changed since the block was mapped. May take some
   * milliseconds. Of a block that is closed or retired, what was seen last.
   */
  default Evidence evidence() {
    return durability().evidence();
  }

  /** What the kernel is told about the pages now; at first as in {@link #spec()}. */
  MemoryAdvice advice();

  /**
   * Tells the kernel something else about the pages, at once and for every block that will stand at
   * these addresses. Advice is no promise: what the kernel won't do is logged.
   *
   * @throws RetiredBlockException if another block stands in this one's place: ask that one
   * @throws IllegalStateException if the block is closed
   */
  void advise(MemoryAdvice advice);

  /**
   * Makes every page present now, as {@code prealloc=on} does at the start; the content stays.
   *
   * @param threads at most so many threads, 1 or more; empty: as many as there are processors
   * @throws PreallocationException if the host can't
   * @throws IllegalArgumentException if {@code threads} is less than 1
   * @throws RetiredBlockException if another block stands in this one's place: ask that one
   * @throws IllegalStateException if the block is closed
   */
  void preallocate(OptionalInt threads) throws PreallocationException;

  /**
   * Why no allocator can re-map this memory in place, or an empty string if one can. Only shared
   * mappings of a file can be re-mapped: the changes in a private one exist nowhere else.
   */
  String pinnedBecause();

  /**
   * Why {@link #track} would refuse, as far as that can be told without touching the memory; an
   * empty string if nothing is known against it.
   */
  String cannotTrackBecause();

  /**
   * From now on it is known which pages are stored to: every page is clean now.
   *
   * @throws TrackingRefusedException if this host or this kind of memory can't; nothing is left
   *     behind
   * @throws RetiredBlockException if another block stands in this one's place: ask that one
   * @throws IllegalStateException if the block is closed
   */
  DirtyTracking track() throws TrackingRefusedException;

  /**
   * Why this block can't {@linkplain #replace take the place} of another, as half a sentence about
   * the other; an empty string if it can. It must have the same size, addresses that suit this
   * backing's page size and alignment, and either both can be stored into or neither.
   */
  String cannotReplaceBecause(RamBlock present);

  /**
   * Puts this block, which nobody uses yet, in the place of one that is in use: over the same
   * addresses, to which {@link #segment} and every address handed out lead from then on. The block
   * returned stands there; this one and {@code present} are retired, this one's own addresses are
   * given up, {@code present}'s file is closed and its lock given up.
   *
   * <p>The caller sees to it that both hold the same bytes and that nobody stores meanwhile: what
   * is stored into {@code present} after its bytes were copied is lost. Readers of {@code present}
   * need not stop; this block's own segment nobody may access meanwhile or later.
   *
   * @param present a live block
   * @throws RemapRefusedException if it {@linkplain #cannotReplaceBecause can't be done}, or one of
   *     both has a {@link #writeBackFailure}
   * @throws MappingException if the kernel refused; in both cases {@code present} keeps serving,
   *     and this block stays where it is
   * @throws RetiredBlockException if another block stands in the place of one of them
   * @throws IllegalStateException if one of them is closed
   */
  RamBlock replace(RamBlock present) throws RemapRefusedException, MappingException;

  /**
   * Does ahead, while readers and writers go on, what takes longest in {@link #replace}: lets the
   * kernel forget where the pages are mapped. No byte is lost, what is {@linkplain #track tracked}
   * stays known, and the next access to each page costs a page fault. Nothing is done where the
   * mapping is all that holds the bytes, and nothing by blocks that can't.
   *
   * @throws RetiredBlockException if another block stands in this one's place: ask that one
   * @throws IllegalStateException if the block is closed
   */
  default void dropPageTable() {}

  /**
   * Takes the block away from its allocator: the same memory, persisted by the kernel's means alone
   * (msync(2)) where these do. This block is retired, and the one returned stands in its place.
   *
   * @throws RetiredBlockException if another block already stands in this one's place
   */
  RamBlock detach();

  /**
   * Ends the memory: waits for accesses through the segment that are under way, makes later ones
   * throw, unmaps, closes the file and gives up its lock; with {@link MemoryAdvice#discardData} the
   * content is thrown away before. Nothing is persisted: what was stored since the last persist is
   * written by the kernel in its own time. A failure to write back that is told of only here is
   * logged as an error. Of a retired block: nothing. Idempotent.
   */
  @Override
  void close();

  /**
   * Ends the memory as {@link #close()} does, and takes back what making the block did to its file:
   * one that was created is removed, one that was found empty is empty again. For a start that
   * failed as a whole before anybody stored anything.
   */
  void discard();
}
