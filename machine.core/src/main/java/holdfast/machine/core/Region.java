package holdfast.machine.core;

import holdfast.backend.api.Alignment;
import holdfast.backend.api.BackendId;
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
import holdfast.backend.api.RetiredBlockException;
import holdfast.backend.api.WriteBackFailure;
import holdfast.machine.api.MemoryRegion;
import holdfast.machine.api.RegionState;
import holdfast.machine.config.AllocatorFilter;
import java.lang.foreign.MemorySegment;
import java.time.Duration;
import java.util.ArrayList;
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
 * An open region. It follows the allocators: when a better one comes, or its own goes, its block is
 * re-mapped by the best one left; when none is left it is detached and keeps serving.
 *
 * <p>Thread-safe. One re-map at a time, under {@link #swap}; readers of the memory never wait,
 * {@link #persist} waits only for the moment of the exchange.
 */
public final class Region implements MemoryRegion {
  private static final Logger LOG = LoggerFactory.getLogger(Region.class);

  private final Consumer<Region> changed;
  private final Runnable reconsider = this::reconsider;
  private final ReentrantLock swap = new ReentrantLock();

  /** What {@link #status} reports, replaced as a whole. Written under {@link #swap}. */
  private volatile Status status;

  private final Candidates candidates;
  private AllocatorFilter filter;
  private @Nullable Candidate bound;

  /** For those who wait to have the region. */
  private final Condition free = swap.newCondition();

  /** Whether somebody has the region: allocators that come and go are followed when it ends. */
  private boolean held;

  /** Of the first block: devices were placed by it. */
  private final Alignment align;

  /** The kind of the allocator that made the present mapping. */
  private String madeBy;

  /**
   * A region's state at one moment.
   *
   * @param block the block that stands in the window
   * @param state how it is served
   * @param allocator the kind of the allocator that it is attached to, empty if none
   * @param note why it is not served by the allocator that would be preferred, or why it failed;
   *     empty if there is nothing to say
   */
  public record Status(RamBlock block, RegionState state, String allocator, String note) {}

  private Region(
      Candidates candidates,
      AllocatorFilter filter,
      Candidate maker,
      RamBlock block,
      Consumer<Region> changed) {
    this.candidates = candidates;
    this.filter = filter;
    this.changed = changed;
    this.bound = maker;
    this.madeBy = maker.kind();
    this.status = new Status(block, RegionState.ATTACHED, maker.kind(), "");
    this.align = block.align();
  }

  /**
   * Opens a region with the best allocator that takes it.
   *
   * @param candidates the allocators to follow from now on
   * @param filter which of them may be used
   * @param changed told after each change of state, flags or durability, in the thread that made
   *     it, with no lock held
   * @throws NoAllocatorException if no allocator takes it
   * @throws RamBlockException if the allocator could not do it
   */
  public static Region open(
      RamBlockSpec spec, Candidates candidates, AllocatorFilter filter, Consumer<Region> changed)
      throws NoAllocatorException, RamBlockException {
    List<Candidate> present = candidates.list();
    Candidate best =
        eligible(present, filter, spec).stream()
            .findFirst()
            .orElseThrow(() -> new NoAllocatorException(spec, present));
    RamBlock block = best.allocator().allocate(spec);
    Region region = new Region(candidates, filter, best, block, changed);
    candidates.addListener(region.reconsider);
    region.reconsider(); // what happened since the list was read
    return region;
  }

  private static List<Candidate> eligible(
      List<Candidate> present, AllocatorFilter filter, RamBlockSpec spec) {
    return present.stream()
        .filter(candidate -> filter.matches(candidate.properties()))
        .filter(candidate -> candidate.accepts(spec))
        .toList();
  }

  /** What was asked for. */
  public RamBlockSpec spec() {
    return status.block().spec();
  }

  /** The state at this moment. */
  public Status status() {
    return status;
  }

  /** Which allocators may be used. */
  public AllocatorFilter filter() {
    swap.lock();
    try {
      return filter;
    } finally {
      swap.unlock();
    }
  }

  /** How many of the allocators present match {@code wish} and take this block. */
  public long eligible(AllocatorFilter wish) {
    return eligible(candidates.list(), wish, spec()).size();
  }

  /**
   * From now on only allocators that match may be used; the region is re-mapped by the best of them
   * before this returns, if it can be.
   *
   * @param wish which of them
   */
  public void use(AllocatorFilter wish) {
    swap.lock();
    try {
      filter = wish;
    } finally {
      swap.unlock();
    }
    reconsider();
  }

  /** Looks at the allocators that are there now, and changes what has to be changed. */
  private void reconsider() {
    Status before;
    Status after;
    swap.lock();
    try {
      before = status;
      if (!held && before.state() != RegionState.FAILED && !isClosed()) {
        status = settle(before);
      }
      after = status;
    } finally {
      swap.unlock();
    }
    checkWriteBack(); // a re-map writes back, and may have been told
    if (!after.equals(before) && after.equals(status)) { // else whoever changed it tells
      LOG.info(
          "memory backend '{}': {} {} {}", id(), after.state(), after.allocator(), after.note());
      changed.accept(this);
    }
  }

  /**
   * Fails the region if the kernel has failed to write back anything of its file, whoever was told
   * of it, or nobody yet. Everything that touches the file ends with this question, since its own
   * failure is no measure: a re-map that is refused for it leaves the block serving.
   */
  public void checkWriteBack() {
    while (true) {
      Status now = status;
      if (now.state() == RegionState.FAILED || isClosed()) {
        return;
      }
      Optional<WriteBackFailure> failure = now.block().writeBackFailure();
      if (failure.isEmpty() || failIn(now.block(), notWrittenBack(failure.get()))) {
        return;
      }
      // meanwhile another block took its place, perhaps of the same file
    }
  }

  private static String notWrittenBack(WriteBackFailure failure) {
    return "the file could not be written back ("
        + failure.sentence()
        + "), and the kernel doesn't tell what of it was lost";
  }

  private boolean isClosed() {
    return !status.block().segment().scope().isAlive();
  }

  private Status settle(Status now) {
    RamBlock block = now.block();
    List<String> refusals = new ArrayList<>();
    for (Candidate candidate : eligible(candidates.list(), filter, block.spec())) {
      if (bound != null && candidate.isSameServiceAs(bound)) {
        bound = candidate;
        return attached(block, candidate, refusals);
      }
      String pinned = block.pinnedBecause();
      if (!pinned.isEmpty()) {
        if (bound == null && candidate.kind().equals(madeBy)) {
          bound = candidate;
          return attached(block, candidate, refusals);
        }
        refusals.add(candidate + " can't take it over: " + pinned);
        continue;
      }
      try {
        RamBlock next = candidate.allocator().remap(block);
        bound = candidate;
        madeBy = candidate.kind();
        return attached(next, candidate, refusals);
      } catch (RamBlockException | RuntimeException | LinkageError e) {
        // LinkageError: the allocator's bundle is going away under its own code
        refusals.add(candidate + " can't take it over: " + e.getMessage());
      }
    }
    return detached(block, now, refusals);
  }

  private static Status attached(RamBlock block, Candidate candidate, List<String> refusals) {
    return new Status(block, RegionState.ATTACHED, candidate.kind(), String.join("; ", refusals));
  }

  private Status detached(RamBlock block, Status now, List<String> refusals) {
    if (refusals.isEmpty()) {
      refusals.add("no allocator that takes it is there");
    }
    String note = String.join("; ", refusals);
    if (now.state() == RegionState.DETACHED) {
      return new Status(block, RegionState.DETACHED, "", note);
    }
    bound = null;
    return new Status(block.detach(), RegionState.DETACHED, "", note);
  }

  /**
   * Takes the region for a swap, a plan of one, or a change of properties: until {@link #letGo}
   * nobody else does, and its block is not exchanged for another allocator's.
   *
   * @param limit how long to wait for another who has it
   * @return false if another one still has it, or it is closed
   */
  public boolean hold(Duration limit) {
    long nanos = limit.toNanos();
    swap.lock();
    try {
      while (held && nanos > 0) {
        nanos = free.awaitNanos(nanos);
      }
      if (held || isClosed()) {
        return false;
      }
      held = true;
      return true;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return false;
    } finally {
      swap.unlock();
    }
  }

  /** That is over: the region follows the allocators that are there now. */
  public void letGo() {
    swap.lock();
    try {
      held = false;
      free.signal();
    } finally {
      swap.unlock();
    }
    reconsider();
  }

  /** The best of the allocators that may be used and take such a block, if there is one. */
  public Optional<Candidate> best(RamBlockSpec wanted) {
    AllocatorFilter wish;
    swap.lock();
    try {
      wish = filter;
    } finally {
      swap.unlock();
    }
    return eligible(candidates.list(), wish, wanted).stream().findFirst();
  }

  /**
   * Puts another block in the place of the present one; the caller {@linkplain #hold has} the
   * region, has seen to it that both hold the same, and {@linkplain #announce announces} it.
   *
   * @param maker the allocator that made {@code next}
   * @throws RamBlockException if it can't be done: the present one keeps serving
   */
  public void install(RamBlock next, Candidate maker) throws RamBlockException {
    try {
      replaceBy(next, maker);
    } catch (RamBlockException e) {
      checkWriteBack();
      throw e;
    }
    LOG.info("memory backend '{}': swapped to {}", id(), spec().backing());
  }

  private void replaceBy(RamBlock next, Candidate maker) throws RamBlockException {
    swap.lock();
    try {
      if (status.state() == RegionState.FAILED) {
        throw new RemapRefusedException(spec(), "it has failed: " + status.note());
      }
      RamBlock now = next.replace(status.block());
      bound = maker;
      madeBy = maker.kind();
      status = new Status(now, RegionState.ATTACHED, maker.kind(), "");
    } finally {
      swap.unlock();
    }
  }

  /** Tells that another block was installed. */
  public void announce() {
    changed.accept(this);
  }

  /** What is said of an access that met a page that the host can't provide. */
  private static final String LOST_PAGE =
      "a page is lost: the file was truncated, or its disk is full or failed";

  /**
   * Marks the region failed for good: the host could not provide or keep its bytes.
   *
   * @param cause an InternalError for a page that was lost under an access
   */
  public void fail(Throwable cause) {
    failIn(null, reason(cause));
  }

  /**
   * After an access to a range failed: looks whether the host can still provide its pages, and if
   * it can't, marks the region failed for good. An {@link InternalError} doesn't say whose memory
   * it is about, nor when: the other side of a copy may be to blame, or what the same thread
   * accessed before.
   *
   * @param offset first byte, from 0
   * @param length number of bytes
   * @param stored whether the access was a store
   * @return whether a page is lost
   * @throws IllegalStateException if the region is closed
   */
  public boolean failIfLost(long offset, long length, boolean stored) {
    RamBlock block = status.block();
    String reason = block.lostBecause(offset, length, stored);
    if (reason.isEmpty()) {
      // late, it may be about another page: a file that was truncated has lost its last one
      reason = block.lostBecause(size().bytes() - 1, 1, false);
    }
    if (reason.isEmpty()) {
      return false;
    }
    LOG.debug("memory backend '{}': {}", id(), reason);
    fail(new InternalError(reason));
    return true;
  }

  /**
   * Marks the region failed.
   *
   * @param failed the block that failed; null for the one that is there
   * @param reason why, after it is said which backend it is about
   * @return false if another block stands there by now: then nothing is marked
   */
  @SuppressWarnings("ReferenceEquality") // a block is itself
  private boolean failIn(@Nullable RamBlock failed, String reason) {
    swap.lock();
    try {
      Status now = status;
      if (failed != null && failed != now.block()) {
        return false;
      }
      if (now.state() == RegionState.FAILED) {
        return true;
      }
      status = new Status(now.block(), RegionState.FAILED, now.allocator(), reason);
    } finally {
      swap.unlock();
    }
    LOG.error("memory backend '{}' on {} has failed: {}", id(), backing(), reason);
    changed.accept(this);
    return true;
  }

  /** What is said of the cause, after it is said which backend it is about. */
  private String reason(Throwable cause) {
    if (cause instanceof InternalError) {
      return LOST_PAGE; // the JVM's own words are about Unsafe
    }
    String sentence = "" + cause.getMessage();
    String subject = "memory backend '" + id() + "' on " + backing() + ": ";
    return sentence.startsWith(subject) ? sentence.substring(subject.length()) : sentence;
  }

  @Override
  public Granularity persist(long offset, long length) throws PersistException {
    while (true) {
      Status now = status;
      RamBlock block = now.block();
      if (now.state() == RegionState.FAILED && !isClosed()) {
        throw PersistException.ofFailed(block.spec(), offset, length, now.note());
      }
      try {
        block.persist(offset, length);
        return block.durability().obtained();
      } catch (RetiredBlockException e) {
        requireReplaced(block, e);
      } catch (PersistException e) {
        if (failIn(block, reason(e))) {
          throw e;
        }
        // meanwhile another block took its place, which has to be persisted
      }
    }
  }

  /**
   * Waits for the outcome of the exchange in which {@code retired} was, before anything else is
   * persisted.
   *
   * @throws RetiredBlockException {@code e}, if there was none: to ask that block again would be to
   *     ask it for ever
   */
  private void requireReplaced(RamBlock retired, RetiredBlockException e) {
    swap.lock();
    try {
      if (status.block() == retired) {
        throw e;
      }
    } finally {
      swap.unlock();
    }
  }

  /** Ends the memory. Nobody may be using a device on it any more. */
  public void close() {
    end(RamBlock::close);
  }

  /** Ends the memory and takes back what opening it did to its file. */
  public void discard() {
    end(RamBlock::discard);
  }

  private void end(Consumer<RamBlock> way) {
    swap.lock();
    try {
      candidates.removeListener(reconsider);
      way.accept(status.block());
    } finally {
      swap.unlock();
    }
  }

  /** What the kernel is told about the pages now. */
  public MemoryAdvice advice() {
    return status.block().advice();
  }

  /** Tells the kernel something else about the pages, at once. */
  public void advise(MemoryAdvice advice) {
    swap.lock();
    try {
      status.block().advise(advice);
    } finally {
      swap.unlock();
    }
  }

  /**
   * Makes every page present.
   *
   * @param threads at most so many threads; empty: as many as there are processors
   * @throws PreallocationException if the host can't
   */
  public void preallocate(OptionalInt threads) throws PreallocationException {
    try {
      swap.lock();
      try {
        status.block().preallocate(threads);
      } finally {
        swap.unlock();
      }
    } finally {
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
    return status.block().segment();
  }

  @Override
  public EnumSet<RamFlag> obtained() {
    return status.block().obtained();
  }

  @Override
  public Durability durability() {
    return status.block().durability();
  }

  @Override
  public RegionState state() {
    return status.state();
  }
}
