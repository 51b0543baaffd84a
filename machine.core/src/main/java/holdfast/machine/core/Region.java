package holdfast.machine.core;

import holdfast.backend.api.Alignment;
import holdfast.backend.api.BackendId;
import holdfast.backend.api.BlockExchange;
import holdfast.backend.api.ByteSize;
import holdfast.backend.api.Durability;
import holdfast.backend.api.Granularity;
import holdfast.backend.api.MemoryAdvice;
import holdfast.backend.api.PersistException;
import holdfast.backend.api.PreallocationException;
import holdfast.backend.api.RamBlock;
import holdfast.backend.api.RamBlockException;
import holdfast.backend.api.RamBlockSpec;
import holdfast.backend.api.RamFlag;
import holdfast.backend.api.RemapRefusedException;
import holdfast.machine.admin.ObjectCounters;
import holdfast.machine.api.MemoryRegion;
import holdfast.machine.api.RegionState;
import holdfast.machine.config.AllocatorFilter;
import java.lang.foreign.MemorySegment;
import java.time.Duration;
import java.util.EnumSet;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * An open region. It follows the allocators ({@link AllocatorBinding}): when a better one is
 * registered, or its own is removed, the best one left re-maps its block; when none is left the
 * region is detached and keeps serving. Who needs it unchanged for a while holds its {@link
 * RegionLease}.
 *
 * <p>Thread-safe. Blocks are exchanged one at a time, under {@link #exchange}; readers of the
 * memory never wait, and {@link #persist} waits only for the moment of the exchange.
 */
public final class Region implements MemoryRegion {
  private static final Logger LOG = LoggerFactory.getLogger(Region.class);

  private final Consumer<Region> changed;
  private final Runnable reconsider = this::reconsider;
  private final Candidates candidates;

  /** The block in the window, and the state of the region. */
  private final ServingBlock serving;

  /** Held while a block is exchanged. */
  private final ReentrantLock exchange;

  /** Signalled when the lease ends. */
  private final Condition leaseEnded;

  /** Guarded by {@link #exchange}. */
  private final AllocatorBinding binding;

  /**
   * The present lease; null if nobody holds one. Changes of allocators are followed when it ends.
   * Guarded by {@link #exchange}.
   */
  private @Nullable RegionLease lease;

  /** The alignment of the first block, by which devices were placed. */
  private final Alignment align;

  /**
   * A region's state at one moment.
   *
   * @param block the block that is in the window
   * @param state how it is served
   * @param allocator the kind of the allocator that it is attached to, empty if none
   * @param note why the preferred allocator doesn't serve it, or why it failed; empty if there is
   *     nothing to report
   */
  public record Status(RamBlock block, RegionState state, String allocator, String note) {}

  private Region(
      Candidates candidates,
      AllocatorFilter filter,
      Candidate maker,
      RamBlock block,
      Consumer<Region> changed) {
    this.candidates = candidates;
    this.binding = new AllocatorBinding(candidates, filter, maker);
    this.changed = changed;
    this.serving =
        new ServingBlock(new Status(block, RegionState.ATTACHED, maker.kind(), ""), this::announce);
    this.exchange = serving.exchange();
    this.leaseEnded = exchange.newCondition();
    this.align = block.align();
  }

  /**
   * Opens a region with the best allocator that accepts it.
   *
   * @param candidates the allocators to follow from now on
   * @param filter which of them may be used
   * @param changed called after each change of state, flags or durability, in the thread that made
   *     it, with no lock held
   * @throws NoAllocatorException if no allocator accepts it
   * @throws RamBlockException if the allocator could not make the block
   */
  public static Region open(
      RamBlockSpec spec, Candidates candidates, AllocatorFilter filter, Consumer<Region> changed)
      throws NoAllocatorException, RamBlockException {
    List<Candidate> present = candidates.list();
    Candidate best =
        AllocatorBinding.eligible(present, filter, spec).stream()
            .findFirst()
            .orElseThrow(() -> new NoAllocatorException(spec, present));
    RamBlock block = best.allocator().allocate(spec);
    Region region = new Region(candidates, filter, best, block, changed);
    candidates.addListener(region.reconsider);
    region.reconsider(); // changes since the list was read
    return region;
  }

  /** Returns the block that was asked for. */
  public RamBlockSpec spec() {
    return status().block().spec();
  }

  /** Returns the state at this moment. */
  public Status status() {
    return serving.status();
  }

  /** Returns what was counted since it was opened. */
  ObjectCounters counters() {
    return serving.counters();
  }

  /** Returns which allocators may be used. */
  public AllocatorFilter filter() {
    exchange.lock();
    try {
      return binding.filter();
    } finally {
      exchange.unlock();
    }
  }

  /** Returns how many of the present allocators match {@code filter} and accept this block. */
  public long eligible(AllocatorFilter filter) {
    return AllocatorBinding.eligible(candidates.list(), filter, spec()).size();
  }

  /**
   * Restricts the region to allocators that match. Before this returns, the best of them re-maps
   * the region if it can.
   *
   * @param filter which of them may be used
   */
  public void use(AllocatorFilter filter) {
    exchange.lock();
    try {
      binding.use(filter);
    } finally {
      exchange.unlock();
    }
    reconsider();
  }

  /** Reads the present allocators, and makes the changes that follow from them. */
  private void reconsider() {
    Status before;
    Status after;
    exchange.lock();
    try {
      before = status();
      if (lease == null && before.state() != RegionState.FAILED && !serving.isClosed()) {
        serving.become(binding.settle(before));
      }
      after = status();
    } finally {
      exchange.unlock();
    }
    checkWriteBack(); // a re-map writes back, and may have been given the error
    if (!after.equals(before) && after.equals(status())) { // else its maker reports it
      LOG.info("memory backend '{}' is {}", id(), AllocatorBinding.words(after));
      changed.accept(this);
    }
  }

  /**
   * Acquires the lease of this region.
   *
   * @param limit how long to wait while somebody else holds it
   * @return empty if somebody else still holds it, this thread was interrupted, or the region is
   *     closed
   */
  public Optional<RegionLease> acquire(Duration limit) {
    long nanos = limit.toNanos();
    exchange.lock();
    try {
      while (lease != null && nanos > 0) {
        nanos = leaseEnded.awaitNanos(nanos);
      }
      if (lease != null || serving.isClosed()) {
        return Optional.empty();
      }
      RegionLease acquired = new RegionLease(this);
      lease = acquired;
      return Optional.of(acquired);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return Optional.empty();
    } finally {
      exchange.unlock();
    }
  }

  /** Ends a lease, which its {@link RegionLease#close} does once. */
  @SuppressWarnings("ReferenceEquality") // a lease is itself
  void release(RegionLease ended) {
    exchange.lock();
    try {
      if (lease != ended) {
        throw new IllegalStateException("the region " + id() + " has another lease");
      }
      lease = null;
      leaseEnded.signal();
    } finally {
      exchange.unlock();
    }
    reconsider();
  }

  /**
   * Returns the best of the allocators that may be used and accept such a block, if there is one.
   */
  public Optional<Candidate> best(RamBlockSpec wanted) {
    return AllocatorBinding.eligible(candidates.list(), filter(), wanted).stream().findFirst();
  }

  /**
   * Does what {@link RegionLease#install} promises.
   *
   * @param keeper gets what is to be released, before anything else can fail
   */
  void install(RamBlock next, Candidate maker, Consumer<BlockExchange> keeper)
      throws RamBlockException {
    try {
      replaceBy(next, maker, keeper);
    } catch (RamBlockException e) {
      checkWriteBack();
      throw e;
    }
  }

  private void replaceBy(RamBlock next, Candidate maker, Consumer<BlockExchange> keeper)
      throws RamBlockException {
    exchange.lock();
    try {
      if (status().state() == RegionState.FAILED) {
        throw new RemapRefusedException(spec(), "it has failed: " + status().note());
      }
      BlockExchange made = next.exchange(status().block());
      keeper.accept(made);
      serving.become(new Status(made.block(), RegionState.ATTACHED, maker.kind(), ""));
      binding.installed(maker);
    } finally {
      exchange.unlock();
    }
  }

  /** Does what {@link RegionLease#announce} promises. */
  void announce() {
    changed.accept(this);
  }

  /**
   * Fails the region if the kernel has failed to write back anything of its file, whether that
   * error has already been reported to a caller or not. Everything that touches the file ends with
   * this check, because its own failure proves nothing: if only a re-map is refused, the block
   * keeps serving.
   */
  public void checkWriteBack() {
    serving.checkWriteBack();
  }

  /** Marks it failed for good; {@code cause} is an InternalError if an access met a lost page. */
  public void fail(Throwable cause) {
    serving.fail(cause);
  }

  /**
   * Checks, after an access to a range failed, whether the host can still provide its pages; if it
   * can't, marks the region failed for good. An {@link InternalError} says neither which memory
   * failed nor when: the cause may be the other side of a copy, or an earlier access of the same
   * thread.
   *
   * @param offset first byte, from 0
   * @param length number of bytes
   * @param stored whether the access was a store
   * @return whether a page is lost
   * @throws IllegalStateException if the region is closed
   */
  public boolean failIfLost(long offset, long length, boolean stored) {
    return serving.failIfLost(offset, length, stored);
  }

  @Override
  public Granularity persist(long offset, long length) throws PersistException {
    return serving.persist(offset, length);
  }

  /** Ends the memory. No device on it may be in use any more. */
  public void close() {
    end(RamBlock::close);
  }

  /** Ends the memory and undoes what opening it did to its file. */
  public void discard() {
    end(RamBlock::discard);
  }

  private void end(Consumer<RamBlock> ending) {
    exchange.lock();
    try {
      candidates.removeListener(reconsider);
      ending.accept(status().block());
    } finally {
      exchange.unlock();
    }
  }

  /** Gives the kernel other advice about the pages, at once. */
  public void advise(MemoryAdvice advice) {
    exchange.lock();
    try {
      status().block().advise(advice);
    } finally {
      exchange.unlock();
    }
  }

  /**
   * Keeps what the memory holds when it ends, whatever {@code discard-data} says: the guest is
   * elsewhere, and may be using it.
   */
  void keepData() {
    exchange.lock();
    try {
      RamBlock block = status().block();
      MemoryAdvice advice = block.advice();
      if (advice.discardData()) {
        block.advise(new MemoryAdvice(advice.merge(), advice.dump(), false));
      }
    } finally {
      exchange.unlock();
    }
  }

  /**
   * Makes every page present.
   *
   * @param threads the greatest number of threads; empty for the number of processors
   */
  public void preallocate(OptionalInt threads) throws PreallocationException {
    exchange.lock();
    try {
      status().block().preallocate(threads);
    } finally {
      exchange.unlock();
      checkWriteBack();
    }
  }

  @Override
  public BackendId id() {
    return spec().id();
  }

  @Override
  public String backing() {
    return spec().backing().toString();
  }

  @Override
  public ByteSize size() {
    return spec().size();
  }

  @Override
  public Alignment align() {
    return align;
  }

  @Override
  public MemorySegment segment() {
    return status().block().segment();
  }

  @Override
  public EnumSet<RamFlag> obtained() {
    return status().block().obtained();
  }

  @Override
  public Durability durability() {
    return status().block().durability();
  }

  @Override
  public RegionState state() {
    return status().state();
  }
}
