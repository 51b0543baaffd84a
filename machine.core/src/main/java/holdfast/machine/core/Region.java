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
 * An open region. It follows the allocators: when a better one is registered, or its own is
 * removed, the best one left re-maps its block; when none is left the region is detached and keeps
 * serving.
 *
 * <p>Thread-safe. Re-maps happen one at a time, under {@link #swap}; readers of the memory never
 * wait, and {@link #persist} waits only for the moment of the exchange.
 */
public final class Region implements MemoryRegion {
  private static final Logger LOG = LoggerFactory.getLogger(Region.class);

  private final Consumer<Region> changed;
  private final Runnable reconsider = this::reconsider;
  private final ReentrantLock swap = new ReentrantLock();

  /** The value of {@link #status}, replaced as a whole. Written under {@link #swap}. */
  private volatile Status status;

  private final Candidates candidates;
  private AllocatorFilter filter;
  private @Nullable Candidate bound;

  /** Signalled when the region is no longer held. */
  private final Condition free = swap.newCondition();

  /**
   * Whether a caller of {@link #hold} has the region. Changes of allocators are followed when it
   * lets go.
   */
  private boolean held;

  /** The alignment of the first block, by which devices were placed. */
  private final Alignment align;

  /** The kind of the allocator that made the present mapping. */
  private String madeBy;

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
    this.filter = filter;
    this.changed = changed;
    this.bound = maker;
    this.madeBy = maker.kind();
    this.status = new Status(block, RegionState.ATTACHED, maker.kind(), "");
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
        eligible(present, filter, spec).stream()
            .findFirst()
            .orElseThrow(() -> new NoAllocatorException(spec, present));
    RamBlock block = best.allocator().allocate(spec);
    Region region = new Region(candidates, filter, best, block, changed);
    candidates.addListener(region.reconsider);
    region.reconsider(); // changes since the list was read
    return region;
  }

  private static List<Candidate> eligible(
      List<Candidate> present, AllocatorFilter filter, RamBlockSpec spec) {
    return present.stream()
        .filter(candidate -> filter.matches(candidate.properties()))
        .filter(candidate -> candidate.accepts(spec))
        .toList();
  }

  /** Returns the block that was asked for. */
  public RamBlockSpec spec() {
    return status.block().spec();
  }

  /** Returns the state at this moment. */
  public Status status() {
    return status;
  }

  /** Returns which allocators may be used. */
  public AllocatorFilter filter() {
    swap.lock();
    try {
      return filter;
    } finally {
      swap.unlock();
    }
  }

  /** Returns how many of the present allocators match {@code wish} and accept this block. */
  public long eligible(AllocatorFilter wish) {
    return eligible(candidates.list(), wish, spec()).size();
  }

  /**
   * Restricts the region to allocators that match. Before this returns, the best of them re-maps
   * the region if it can.
   *
   * @param wish which of them may be used
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

  /** Reads the present allocators, and makes the changes that follow from them. */
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
    checkWriteBack(); // a re-map writes back, and may have been given the error
    if (!after.equals(before) && after.equals(status)) { // else its maker reports it
      LOG.info(
          "memory backend '{}': {} {} {}", id(), after.state(), after.allocator(), after.note());
      changed.accept(this);
    }
  }

  /**
   * Fails the region if the kernel has failed to write back anything of its file, whether that
   * error has already been reported to a caller or not. Everything that touches the file ends with
   * this check, because its own failure proves nothing: if only a re-map is refused, the block
   * keeps serving.
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
      // meanwhile another block replaced it, perhaps of the same file
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
      Optional<String> obstacle = block.remapObstacle();
      if (obstacle.isPresent()) {
        if (bound == null && candidate.kind().equals(madeBy)) {
          bound = candidate;
          return attached(block, candidate, refusals);
        }
        refusals.add(candidate + " can't take it over: " + obstacle.get());
        continue;
      }
      try {
        RamBlock next = candidate.allocator().remap(block);
        bound = candidate;
        madeBy = candidate.kind();
        return attached(next, candidate, refusals);
      } catch (RamBlockException | RuntimeException | LinkageError e) {
        // LinkageError: the allocator's bundle is stopping while its code runs
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
   * Holds the region for a swap, a plan of one, or a change of properties: until {@link #letGo} no
   * other caller holds it, and no other allocator re-maps its block.
   *
   * @param limit how long to wait while another caller holds it
   * @return false if another caller still holds it, or it is closed
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

  /** Ends the hold: the region follows the present allocators again. */
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

  /**
   * Returns the best of the allocators that may be used and accept such a block, if there is one.
   */
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
   * Replaces the present block with another one. The caller {@linkplain #hold holds} the region,
   * has made sure that both blocks have the same content, and {@linkplain #announce announces} the
   * change afterwards.
   *
   * @param maker the allocator that made {@code next}
   * @throws RamBlockException if the block can't be replaced; the present one keeps serving
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

  /** Reports that another block was installed. */
  public void announce() {
    changed.accept(this);
  }

  /** The reason of an access that met a page that the host can't provide. */
  private static final String LOST_PAGE =
      "a page is lost: the file was truncated, or its disk is full or failed";

  /**
   * Marks the region failed for good: the host could not provide or keep its bytes.
   *
   * @param cause an InternalError if a page was lost during an access
   */
  public void fail(Throwable cause) {
    failIn(null, reason(cause));
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
    RamBlock block = status.block();
    Optional<String> reason = block.lostPage(offset, length, stored);
    if (reason.isEmpty()) {
      // the error is late and may be about another page: a file that was truncated has lost its
      // last one
      reason = block.lostPage(size().bytes() - 1, 1, false);
    }
    if (reason.isEmpty()) {
      return false;
    }
    LOG.debug("memory backend '{}': {}", id(), reason.get());
    fail(new InternalError(reason.get()));
    return true;
  }

  /**
   * Marks the region failed.
   *
   * @param failed the block that failed; null for the present one
   * @param reason why, without the backend prefix that the log line already has
   * @return false if another block has replaced it; then nothing is marked
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

  /** Returns the reason without the backend prefix that the log line already has. */
  private String reason(Throwable cause) {
    if (cause instanceof InternalError) {
      return LOST_PAGE; // the JVM's message mentions Unsafe
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
        // meanwhile another block replaced it, which has to be persisted
      }
    }
  }

  /**
   * Waits for the result of the exchange of {@code retired}, before anything else is persisted.
   *
   * @throws RetiredBlockException {@code e}, if there was no exchange: persisting that block again
   *     would be retried for ever
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

  /** Ends the memory. No device on it may be in use any more. */
  public void close() {
    end(RamBlock::close);
  }

  /** Ends the memory and undoes what opening it did to its file. */
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

  /** Returns the advice that the kernel now has about the pages. */
  public MemoryAdvice advice() {
    return status.block().advice();
  }

  /** Gives the kernel other advice about the pages, at once. */
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
   * @param threads the greatest number of threads; empty for the number of processors
   * @throws PreallocationException if the host can't make all pages present
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
