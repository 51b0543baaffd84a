package holdfast.machine.core;

import holdfast.backend.api.Alignment;
import holdfast.backend.api.Backing;
import holdfast.backend.api.ByteSize;
import holdfast.backend.api.DirtyTracking;
import holdfast.backend.api.Durability;
import holdfast.backend.api.Evidence;
import holdfast.backend.api.Granularity;
import holdfast.backend.api.MemoryAdvice;
import holdfast.backend.api.PersistException;
import holdfast.backend.api.PreallocationException;
import holdfast.backend.api.RamBlock;
import holdfast.backend.api.RamBlockSpec;
import holdfast.backend.api.RamFlag;
import holdfast.backend.api.RemapRefusedException;
import holdfast.backend.api.RetiredBlockException;
import holdfast.backend.api.TrackingRefusedException;
import holdfast.backend.api.WriteBackFailure;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.time.Instant;
import java.util.EnumSet;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.concurrent.atomic.AtomicReference;

/**
 * A block of native memory that keeps the promises of {@link RamBlock} as far as retiring goes: of
 * all blocks that ever stood on the same memory one is current, and the others are refused.
 */
public final class FakeBlock implements RamBlock {
  /** How a block ended. */
  public enum End {
    NOT_YET,
    CLOSED,
    DISCARDED
  }

  /** What the blocks at the same addresses share. */
  private static final class Memory {
    final Arena arena = Arena.ofShared();
    final MemorySegment segment;
    final AtomicReference<FakeBlock> current = new AtomicReference<>();
    volatile End end = End.NOT_YET;
    volatile Runnable onRetired = () -> {};
    volatile Runnable onFailed = () -> {};
    volatile boolean diskFails;
    volatile Optional<WriteBackFailure> loss = Optional.empty();
    volatile boolean pageLost;
    volatile boolean preallocated;
    volatile MemoryAdvice advice;

    Memory(RamBlockSpec spec) {
      segment = arena.allocate(spec.size().bytes(), 4096);
      advice = spec.advice();
    }
  }

  private final Memory memory;
  private final RamBlockSpec spec;
  private final Granularity granularity;

  private FakeBlock(Memory memory, RamBlockSpec spec, Granularity granularity) {
    this.memory = memory;
    this.spec = spec;
    this.granularity = granularity;
  }

  /** Fresh memory, all zero. */
  static FakeBlock make(RamBlockSpec spec, Granularity granularity) {
    Memory memory = new Memory(spec);
    FakeBlock block = new FakeBlock(memory, spec, granularity);
    memory.current.set(block);
    return block;
  }

  /** Retires this block in favour of the one returned. */
  FakeBlock retireFor(Granularity next) {
    FakeBlock successor = new FakeBlock(memory, spec, next);
    if (!memory.current.compareAndSet(this, successor)) {
      throw new RetiredBlockException(spec);
    }
    return successor;
  }

  /** How the memory ended, if it did. */
  public End end() {
    return memory.end;
  }

  /** Whether this is the block that stands at its addresses. */
  boolean isCurrent() {
    return memory.current.get() == this;
  }

  /** From now on persists at these addresses fail. */
  public void breakDisk() {
    memory.diskFails = true;
  }

  /** Called, in the thread that persists, when that has failed and before it is told. */
  void onFailedPersist(Runnable listener) {
    memory.onFailed = listener;
  }

  /** From now on persists at these addresses succeed again. */
  void mendDisk() {
    memory.diskFails = false;
  }

  /** The kernel could not write something back; nobody was told of it yet. */
  public WriteBackFailure lose() {
    WriteBackFailure told =
        new WriteBackFailure("msync", "ENOSPC (No space left on device)", Instant.EPOCH);
    memory.loss = Optional.of(told);
    return told;
  }

  @Override
  public Optional<WriteBackFailure> writeBackFailure() {
    return memory.loss;
  }

  /** Called, in the thread that persists, each time a retired block is asked to. */
  void onRetiredPersist(Runnable listener) {
    memory.onRetired = listener;
  }

  @Override
  public RamBlockSpec spec() {
    return spec;
  }

  @Override
  public EnumSet<RamFlag> obtained() {
    EnumSet<RamFlag> flags = spec.flags();
    if (granularity == Granularity.CACHE_LINE) {
      flags.add(RamFlag.RAM_SYNC);
    }
    return flags;
  }

  @Override
  public Durability durability() {
    return new Durability(
        spec.requestedGranularity(),
        granularity,
        "a fake block",
        new Evidence("no mmap", "rd wr", "nothing", "fakefs"));
  }

  @Override
  public ByteSize pageSize() {
    return ByteSize.kib(4);
  }

  @Override
  public Alignment align() {
    return spec.align().orPageSize(pageSize().bytes());
  }

  @Override
  public MemorySegment segment() {
    return memory.segment;
  }

  @Override
  public void persist(long offset, long length) throws PersistException {
    Objects.checkFromIndexSize(offset, length, spec.size().bytes());
    if (memory.end != End.NOT_YET) {
      throw new IllegalStateException("closed");
    }
    if (!isCurrent()) {
      memory.onRetired.run();
      throw new RetiredBlockException(spec);
    }
    if (memory.diskFails) {
      memory.onFailed.run();
      throw new PersistException(spec, offset, length, "msync", "EIO (Input/output error)");
    }
  }

  @Override
  public Optional<String> lostPage(long offset, long length, boolean stored) {
    Objects.checkFromIndexSize(offset, length, spec.size().bytes());
    return memory.pageLost ? Optional.of("a fake page is lost") : Optional.empty();
  }

  /** From now on no page at these addresses can be had. */
  public void losePages() {
    memory.pageLost = true;
  }

  @Override
  public MemoryAdvice advice() {
    return memory.advice;
  }

  @Override
  public void advise(MemoryAdvice advice) {
    memory.advice = advice;
  }

  @Override
  public void preallocate(OptionalInt threads) throws PreallocationException {
    if (memory.diskFails) {
      throw new PreallocationException(spec, "ENOSPC (No space left on device)", "free some space");
    }
    memory.preallocated = true;
  }

  /** Whether every page was made present after the block was made. */
  public boolean isPreallocated() {
    return memory.preallocated;
  }

  @Override
  public Optional<String> remapObstacle() {
    if (spec.backing() instanceof Backing.Anonymous) {
      return Optional.of("it has no file");
    }
    return spec.has(RamFlag.RAM_SHARED) ? Optional.empty() : Optional.of("it is private");
  }

  @Override
  public Optional<String> trackingObstacle() {
    return Optional.of("a fake block has no pages");
  }

  @Override
  public DirtyTracking track() throws TrackingRefusedException {
    throw new TrackingRefusedException(spec, "a fake block has no pages");
  }

  @Override
  public Optional<String> replaceObstacle(RamBlock present) {
    return present.spec().size().equals(spec.size())
        ? Optional.empty()
        : Optional.of("it has another size");
  }

  @Override
  public RamBlock replace(RamBlock present) throws RemapRefusedException {
    FakeBlock old = (FakeBlock) present;
    if (old.memory.loss.isPresent() || memory.loss.isPresent()) {
      throw new RemapRefusedException(spec, "something could not be written back");
    }
    FakeBlock successor = new FakeBlock(old.memory, spec, granularity);
    if (!old.memory.current.compareAndSet(old, successor)) {
      throw new RetiredBlockException(spec);
    }
    memory.end = End.CLOSED;
    memory.arena.close();
    return successor;
  }

  @Override
  public RamBlock detach() {
    return retireFor(Granularity.PAGE);
  }

  @Override
  public void close() {
    end(End.CLOSED);
  }

  @Override
  public void discard() {
    end(End.DISCARDED);
  }

  private void end(End way) {
    if (isCurrent() && memory.end == End.NOT_YET) {
      memory.end = way;
      memory.arena.close();
    }
  }
}
