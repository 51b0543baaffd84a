package holdfast.machine.swap;

import holdfast.backend.api.RamBlock;
import holdfast.backend.api.RamBlockException;
import holdfast.machine.api.RegionState;
import holdfast.machine.api.RunningSwap;
import holdfast.machine.api.SwapLimits;
import holdfast.machine.api.SwapPhase;
import holdfast.machine.api.SwapReport;
import holdfast.machine.copy.DirtyRanges;
import holdfast.machine.copy.DirtySource;
import holdfast.machine.copy.GivenUpException;
import holdfast.machine.copy.GuestWriters;
import holdfast.machine.copy.PageCopy;
import holdfast.machine.copy.PreCopyLoop;
import holdfast.machine.core.Backend;
import holdfast.machine.core.Region;
import holdfast.machine.swap.internal.journal.Side;
import holdfast.machine.swap.internal.journal.SwapJournal;
import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A live swap, from its preparation to its end, in a thread of its own.
 *
 * <p>No step that can fail is left for after the new block is in the window: until then every
 * failure is rolled back.
 */
final class SwapTask implements RunningSwap, Runnable {
  private static final Logger LOG = LoggerFactory.getLogger(SwapTask.class);

  private final Backend backend;
  private final Region region;
  private final SwapTarget target;
  private final SwapLimits limits;
  private final GuestWriters guestWriters;
  private final SwapJournal journal;
  private final Consumer<SwapTask> ended;
  private final Steps steps;
  private final CountDownLatch end = new CountDownLatch(1);
  private final CountDownLatch cancelled = new CountDownLatch(1);
  private volatile String cancelReason = "";
  private final Progress progress;
  private @Nullable RamBlock next;
  private @Nullable PageCopy pages;

  private final Object waitLock = new Object();

  /**
   * This swap's thread while it waits for writers, so that a cancel can interrupt it. Guarded by
   * the lock.
   */
  private @Nullable Thread waiting;

  /** The ranges that were copied since all pages were compared. */
  private final DirtyRanges unverified = new DirtyRanges();

  private boolean installed;

  /** Called before each step; a test makes the swap fail there. */
  interface Steps {
    /** Does nothing. */
    Steps UNWATCHED = step -> {};

    /**
     * Called before a step.
     *
     * @param step its name
     * @throws IOException to make the swap fail there
     */
    void before(String step) throws IOException;
  }

  /**
   * @param backend the backend to be swapped; the caller holds its region
   * @param ended called at the end; lets the region go
   */
  SwapTask(
      int number,
      Backend backend,
      SwapTarget target,
      SwapLimits limits,
      GuestWriters guestWriters,
      SwapJournal journal,
      Instant started,
      Steps steps,
      Consumer<SwapTask> ended) {
    this.backend = backend;
    this.region = backend.region();
    this.target = target;
    this.limits = limits;
    this.guestWriters = guestWriters;
    this.journal = journal;
    this.steps = steps;
    this.ended = ended;
    this.progress = new Progress(number, region, target.plan(), limits.downtime(), started);
  }

  @Override
  public SwapReport report() {
    return progress.report();
  }

  @Override
  public void cancel() {
    cancel("it was cancelled");
  }

  /** Cancels the swap; {@code reason} says why, if it has not been cancelled before. */
  void cancel(String reason) {
    synchronized (waitLock) {
      if (!isCancelled()) {
        cancelReason = reason;
        cancelled.countDown();
      }
      if (waiting != null) {
        waiting.interrupt();
      }
    }
  }

  private boolean isCancelled() {
    return cancelled.getCount() == 0;
  }

  /** A call that waits for the code of writers. */
  private interface Wait<T extends @Nullable Object> {
    T end() throws RamBlockException, IOException, GivenUpException, InterruptedException;
  }

  /** Waits for the code of writers, unless the swap is cancelled meanwhile. */
  private <T extends @Nullable Object> T waitFor(Wait<T> writers)
      throws RamBlockException, IOException, GivenUpException, InterruptedException {
    synchronized (waitLock) {
      if (isCancelled()) {
        throw new GivenUpException(cancelReason);
      }
      waiting = Thread.currentThread();
    }
    try {
      return writers.end();
    } catch (InterruptedException e) {
      if (isCancelled()) {
        throw new GivenUpException(cancelReason);
      }
      throw e;
    } finally {
      synchronized (waitLock) {
        waiting = null;
        if (isCancelled()) {
          Thread.interrupted(); // the interrupt was for the wait, and must not disturb what follows
        }
      }
    }
  }

  /** Adds the ranges that were stored into since the last call. */
  private void collect(DirtySource tracking, DirtyRanges into)
      throws RamBlockException, IOException, GivenUpException, InterruptedException {
    waitFor(
        () -> {
          tracking.collect(into);
          return true;
        });
  }

  @Override
  public SwapReport await(Duration limit) throws InterruptedException {
    end.await(limit.toNanos(), TimeUnit.NANOSECONDS);
    return report();
  }

  /** Returns the target. */
  SwapTarget target() {
    return target;
  }

  @Override
  public void run() {
    try {
      String reason = attempt();
      if (installed) {
        finish(reason);
      } else {
        rollBack(reason);
      }
    } catch (RuntimeException | Error e) {
      LOG.error("memory backend '{}': the end of its swap failed", region.id(), e);
    } finally {
      leave();
    }
  }

  /** Ends the swap and wakes all threads that wait for the end, whatever fails. */
  private void leave() {
    if (!report().phase().isEnd() && installed) {
      progress.enter(SwapPhase.DONE);
    } else if (!report().phase().isEnd()) {
      progress.rolledBack("it failed");
    }
    journal.close();
    try {
      ended.accept(this);
    } finally {
      end.countDown();
    }
  }

  /**
   * Makes all steps that can be rolled back. Returns why the swap must be rolled back; an empty
   * string if it must not.
   */
  private String attempt() {
    try {
      prepare();
      copyAndSwitch();
      return "";
    } catch (FileSystemException e) {
      return e.getFile() + ": " + Objects.requireNonNullElse(e.getReason(), nameOf(e));
    } catch (GivenUpException | RamBlockException | IOException e) {
      return "" + e.getMessage();
    } catch (InterruptedException e) {
      return "interrupted";
    } catch (InternalError e) {
      return pages == null ? e.toString() : whoseFault(pages, e);
    } catch (RuntimeException | Error e) {
      // every Error: otherwise the new backing would stay, and a wait for the end would last for
      // ever
      LOG.error("memory backend '{}': the swap failed", region.id(), e);
      return e.toString();
    }
  }

  /**
   * Handles a fault in memory during a copy or comparison: if the memory is the region's own, the
   * region has failed. The error may be late, and about the preceding copy.
   *
   * @return the reason, as half a sentence
   */
  private String whoseFault(PageCopy copy, InternalError e) {
    long from = copy.suspectsFrom();
    long length = copy.suspects();
    try {
      if (region.failIfLost(from, length, false)) {
        return "its own memory can't be read any more: " + region.status().note();
      }
      return next()
          .lostPage(from, length, true)
          .map(lost -> "the new backing can't hold it: " + lost)
          .orElse("memory of somebody else failed: " + e);
    } catch (RuntimeException closed) {
      return "its memory is gone: " + closed.getMessage();
    }
  }

  /**
   * Returns the name of the exception: most of the JDK's file exceptions say what is wrong by their
   * name alone.
   */
  private static String nameOf(FileSystemException e) {
    return switch (e) {
      case NoSuchFileException _ -> "no such file or folder";
      case AccessDeniedException _ -> "permission denied";
      default -> e.getClass().getSimpleName();
    };
  }

  /**
   * Finishes the swap after the exchange: the new backing is the valid one, whatever went wrong
   * since.
   */
  private void finish(String mishap) {
    if (!mishap.isEmpty()) {
      LOG.error("memory backend '{}': after the switch: {}", region.id(), mishap);
    }
    progress.enter(SwapPhase.RELEASE);
    backend.swapped(target.object());
    try {
      region.announce();
    } catch (RuntimeException | Error e) {
      LOG.error("memory backend '{}': a listener failed at the switch", region.id(), e);
    }
    try {
      steps.before("release");
    } catch (IOException e) {
      LOG.error("memory backend '{}': after the switch: {}", region.id(), e.getMessage());
    }
    journal.end();
    progress.enter(SwapPhase.DONE);
  }

  private void prepare() throws RamBlockException, IOException, GivenUpException {
    progress.enter(SwapPhase.PREPARE);
    steps.before("prepare");
    boolean found = holdsSomething();
    if (found) {
      requireOverwritable(); // the file may have appeared, or changed, since the swap was planned
    } else {
      note(); // before the file exists: it must never exist without its note
    }
    steps.before("allocate");
    RamBlock made = target.maker().allocator().allocate(target.spec());
    next = made;
    if (found) {
      note(); // not before it is locked: it could be in use by another swap, with notes beside it
    }
    Optional<String> obstacle = made.replaceObstacle(region.status().block());
    if (obstacle.isPresent()) {
      throw new GivenUpException(obstacle.get());
    }
  }

  private void note() throws IOException {
    steps.before("journal");
    journal.begin();
  }

  /** Returns whether the new file already exists and isn't empty. */
  private boolean holdsSomething() throws IOException {
    Side side = SwapRequest.side(target.spec());
    return side.takesNotes()
        && Files.exists(side.path().orElseThrow())
        && Files.size(side.path().orElseThrow()) > 0;
  }

  private void requireOverwritable() throws GivenUpException {
    Path file = SwapRequest.side(target.spec()).path().orElseThrow();
    if (!limits.overwrite() && !SwapJournal.isLeftBehind(file)) {
      throw new GivenUpException(
          file + " holds something by now: name another file, or say that it may be overwritten");
    }
  }

  private RamBlock next() {
    RamBlock made = next;
    if (made == null) {
      throw new IllegalStateException("nothing was prepared");
    }
    return made;
  }

  private void copyAndSwitch()
      throws RamBlockException, IOException, GivenUpException, InterruptedException {
    Optional<DirtySource> tracking =
        waitFor(
            () -> DirtySource.open(region, region.status().block(), guestWriters, limits.pause()));
    PageCopy copy =
        new PageCopy(
            region.segment(),
            next().segment(),
            limits,
            cancelled,
            () -> cancelReason,
            progress::copied);
    pages = copy;
    try {
      DirtyRanges pending = new DirtyRanges();
      pending.add(0, region.size().bytes());
      if (tracking.isPresent()) {
        PreCopyLoop loop = new PreCopyLoop(limits, new Rounds(copy, tracking.get()));
        pending = rounds(loop, pending);
        if (limits.verify()) {
          verifyAll(copy, tracking.get(), pending);
          pending = rounds(loop, pending); // that took a while, during which writers kept storing
        }
        shortenSwitch();
        collect(tracking.get(), pending);
        pending = rounds(loop, pending); // the comparison took a while, too
      } else {
        requireShort();
      }
      switchOver(copy, tracking, pending);
    } finally {
      tracking.ifPresent(DirtySource::close);
    }
  }

  /** Checks that copying everything during the pause stays within the downtime limit. */
  private void requireShort() throws GivenUpException {
    Duration time = target.plan().time();
    if (time.compareTo(limits.downtime()) > 0 && !guestWriters.areNone()) {
      throw new GivenUpException(DirtySource.tooLong(time, limits));
    }
  }

  /** Unmaps as many pages as possible while writers run, because unmapping takes time. */
  private void shortenSwitch() {
    region.status().block().dropPageTable();
    next().dropPageTable();
  }

  private DirtyRanges rounds(PreCopyLoop loop, DirtyRanges pending)
      throws RamBlockException, IOException, GivenUpException, InterruptedException {
    progress.enter(SwapPhase.COPY);
    return loop.run(pending);
  }

  /** The work of a round of copying in this swap. */
  private final class Rounds implements PreCopyLoop.Work {
    private final PageCopy copy;
    private final DirtySource tracking;

    Rounds(PageCopy copy, DirtySource tracking) {
      this.copy = copy;
      this.tracking = tracking;
    }

    @Override
    public void begin(int round) throws IOException {
      steps.before("round " + round);
    }

    @Override
    public long copy(DirtyRanges ranges) throws GivenUpException {
      long time = copy.copyThrottled(ranges);
      unverified.addAll(ranges);
      return time;
    }

    @Override
    public void persist() throws RamBlockException {
      next().persist(0, region.size().bytes());
    }

    @Override
    public void collect(DirtyRanges into)
        throws RamBlockException, IOException, GivenUpException, InterruptedException {
      SwapTask.this.collect(tracking, into);
    }

    @Override
    public void end(PreCopyLoop.Round ended) {
      progress.endRound(ended);
    }
  }

  /**
   * Compares every page, while writers run: pages that differ must be among those that are dirty.
   *
   * @param pending the ranges known to be dirty; those found dirty meanwhile are added
   */
  private void verifyAll(PageCopy copy, DirtySource tracking, DirtyRanges pending)
      throws RamBlockException, IOException, GivenUpException, InterruptedException {
    progress.enter(SwapPhase.VERIFY);
    steps.before("verify");
    DirtyRanges different = copy.differencesUnlessCancelled();
    unverified.clear();
    collect(tracking, pending);
    different.forEach(
        (offset, length) -> {
          if (!pending.holds(offset, length)) {
            throw new GivenUpException(
                "verification found "
                    + length
                    + " bytes at offset "
                    + offset
                    + " that differ from what was copied");
          }
        });
  }

  private void switchOver(PageCopy copy, Optional<DirtySource> tracking, DirtyRanges pending)
      throws RamBlockException, IOException, GivenUpException, InterruptedException {
    copy.requireWanted();
    progress.enter(SwapPhase.SWITCH);
    journal.prepareSwitch();
    steps.before("pause");
    try (GuestWriters.Pause pause = waitFor(() -> guestWriters.pause(limits.pause(), progress))) {
      if (tracking.isPresent()) {
        tracking.get().requireAllSeen();
        collect(tracking.get(), pending);
      }
      copy.requireWanted();
      steps.before("last copy");
      copy.copy(pending);
      if (limits.verify()) {
        unverified.addAll(pending);
        verifyLast(copy);
      }
      steps.before("persist");
      next().persist(0, region.size().bytes());
      requireSound();
      pause.whileNobodyStores(this::install);
    }
  }

  /** Checks, just before the new backing becomes the valid one, that the copy is complete. */
  private void requireSound() throws GivenUpException {
    region.checkWriteBack();
    Region.Status now = region.status();
    if (now.state() == RegionState.FAILED) {
      throw new GivenUpException("it has failed: " + now.note());
    }
  }

  private void verifyLast(PageCopy copy) throws GivenUpException {
    DirtyRanges different = copy.differences(unverified);
    if (different.bytes() > 0) {
      throw new GivenUpException(
          "verification found " + different.bytes() + " bytes that differ after the last copy");
    }
  }

  /**
   * Makes the new backing the valid one by one change of one note, then installs it in the window.
   */
  @SuppressWarnings("ReferenceEquality") // a block is itself
  private void install() throws RamBlockException, IOException {
    steps.before("complete");
    journal.complete();
    RamBlock before = region.status().block();
    try {
      steps.before("install");
      region.install(next(), target.maker());
      installed = true;
    } catch (RamBlockException | IOException | RuntimeException | Error e) {
      if (region.status().block() != before) {
        installed = true; // the exchange was made; the error came after it
        LOG.error("memory backend '{}': after the exchange", region.id(), e);
        return;
      }
      journal.reopen();
      throw e;
    }
  }

  private void rollBack(String reason) {
    try {
      RamBlock made = next;
      if (made != null) {
        made.discard();
      }
    } finally {
      journal.abandon(pages != null);
      progress.rolledBack(reason);
    }
    LOG.warn(
        "memory backend '{}': the swap to {} was rolled back: {}",
        region.id(),
        target.plan().to(),
        reason);
  }
}
