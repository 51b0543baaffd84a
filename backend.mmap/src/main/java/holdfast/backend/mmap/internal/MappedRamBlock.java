package holdfast.backend.mmap.internal;

import holdfast.backend.api.Alignment;
import holdfast.backend.api.ByteSize;
import holdfast.backend.api.DirtyTracking;
import holdfast.backend.api.Durability;
import holdfast.backend.api.Evidence;
import holdfast.backend.api.FileIdentity;
import holdfast.backend.api.MappingException;
import holdfast.backend.api.MemoryAdvice;
import holdfast.backend.api.PersistException;
import holdfast.backend.api.Preallocation;
import holdfast.backend.api.PreallocationException;
import holdfast.backend.api.RamBlock;
import holdfast.backend.api.RamBlockSpec;
import holdfast.backend.api.RamFlag;
import holdfast.backend.api.RemapRefusedException;
import holdfast.backend.api.RetiredBlockException;
import holdfast.backend.api.TrackingRefusedException;
import holdfast.backend.api.WriteBackFailure;
import holdfast.backend.mmap.CacheFlush;
import holdfast.backend.mmap.MappingStyle;
import holdfast.backend.mmap.PageTracker;
import holdfast.host.linux.ErrnoException;
import holdfast.host.linux.Libc;
import holdfast.host.linux.Remedy;
import holdfast.host.linux.Scene;
import holdfast.host.linux.Step;
import java.lang.foreign.MemorySegment;
import java.util.EnumSet;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** A block in its window. All of its code is in this bundle, so that it outlives its allocator. */
public final class MappedRamBlock implements RamBlock {
  private static final Logger LOG = LoggerFactory.getLogger(MappedRamBlock.class);

  /**
   * Less than what the kernel's last level of page tables covers (1 MiB on s390x, more elsewhere),
   * so that no table is freed: see {@link PageTableProbe}.
   */
  private static final long DROPPED_AT_ONCE = 512 << 10;

  private static final long PERSIST_LIMIT_SECONDS = 5;

  final Libc libc;
  private final RamBlockSpec spec;
  private final MappingStyle style;
  private final Verdict verdict;
  final BackingStore store;
  final Window window;

  /** The flags that this mapping was made with, without MAP_FIXED. */
  final int mapFlags;

  private final SyncAttempt attempt;

  MappedRamBlock(
      Libc libc,
      RamBlockSpec spec,
      MappingStyle style,
      BackingStore store,
      Window window,
      int mapFlags,
      SyncAttempt attempt,
      Verdict verdict) {
    this.libc = libc;
    this.spec = spec;
    this.style = style;
    this.store = store;
    this.window = window;
    this.mapFlags = mapFlags;
    this.attempt = attempt;
    this.verdict = verdict;
  }

  @Override
  public RamBlockSpec spec() {
    return spec;
  }

  @Override
  public EnumSet<RamFlag> obtained() {
    return EnumSet.copyOf(verdict.obtained());
  }

  @Override
  public Durability durability() {
    return verdict.durability();
  }

  @Override
  public Optional<FileIdentity> file() {
    window.structure.lock();
    try {
      return window.current == this ? store.identity() : Optional.empty();
    } finally {
      window.structure.unlock();
    }
  }

  @Override
  public Evidence evidence() {
    Evidence seen = verdict.durability().evidence();
    window.structure.lock();
    try {
      // the addresses of a closed window may belong to another mapping
      String now = window.current == this ? VmFlags.at(window.address()).text() : seen.vmFlags();
      return new Evidence(seen.mmap(), now, seen.persist(), seen.fileSystem());
    } finally {
      window.structure.unlock();
    }
  }

  @Override
  public ByteSize pageSize() {
    return new ByteSize(store.pageSize());
  }

  @Override
  public Alignment align() {
    return store.align();
  }

  @Override
  public MemorySegment segment() {
    return window.segment();
  }

  @Override
  public MemoryAdvice advice() {
    return window.advice();
  }

  @Override
  public void advise(MemoryAdvice advice) {
    window.structure.lock();
    try {
      requireCurrent();
      window.advise(advice);
    } finally {
      window.structure.unlock();
    }
  }

  @Override
  public void preallocate(OptionalInt threads) throws PreallocationException {
    Preallocation wished = new Preallocation(true, threads);
    window.structure.lock();
    try {
      requireCurrent();
      new Preallocator(libc, spec, window, store).run(wished.threads());
    } finally {
      window.structure.unlock();
    }
  }

  @Override
  public String pinnedBecause() {
    if (store.kind() == BackingStore.Kind.ANONYMOUS) {
      return "anonymous memory has no file that could be mapped again";
    }
    if (!spec.has(RamFlag.RAM_SHARED)) {
      return "share=off: the stores into a private mapping exist nowhere else, and mapping the file"
          + " again would lose them";
    }
    return "";
  }

  @Override
  public void persist(long offset, long length) throws PersistException {
    Objects.checkFromIndexSize(offset, length, window.size());
    long stamp = window.persists.readLock();
    try {
      requireCurrent();
      if (length == 0) {
        return;
      }
      requireWrittenBack(offset, length, store.writeBacks().failure());
      switch (verdict.method()) {
        case NOTHING -> {}
        case MSYNC -> {
          requirePresent(offset, length);
          requireWrittenBack(offset, length, msync(offset, length));
        }
        case CACHE_FLUSH -> {
          requirePresent(offset, length);
          flush(offset, length);
          requireWrittenBack(offset, length, store.writeBacks().failure());
        }
        case FENCE -> {
          requirePresent(offset, length);
          style.cacheFlush().orElseThrow().drain();
          requireWrittenBack(offset, length, store.writeBacks().failure());
        }
      }
    } catch (ErrnoException e) {
      throw new PersistException(
          spec,
          offset,
          length,
          e.call(),
          e.errno().toString(),
          Remedy.of(Step.WRITE_BACK, e, Scene.ofFile(libc, new BlockRequest(spec), store.fd())));
    } finally {
      window.persists.unlockRead(stamp);
    }
  }

  /**
   * Writes the pages of a range back. The caller holds one of the window's locks.
   *
   * @return a failure that another call reported meanwhile: then the outcome of this one is unknown
   */
  Optional<WriteBackFailure> msync(long offset, long length) throws ErrnoException {
    long page = libc.getpagesize();
    long from = offset & -page;
    long end = offset + length;
    return store
        .writeBacks()
        .make(
            // SAFETY: within the window, which can't be unmapped while one of its locks is held.
            () -> libc.msync(window.address() + from, end - from, libc.constants().msSync()));
  }

  /** Throws if there was a failure to write the file back. */
  void requireWrittenBack(long offset, long length, Optional<WriteBackFailure> failure)
      throws PersistException {
    if (failure.isPresent()) {
      throw PersistException.ofWriteBack(spec, offset, length, failure.get());
    }
  }

  @Override
  public Optional<WriteBackFailure> writeBackFailure() {
    long stamp = window.persists.tryReadLock(); // while it is held the file can't be closed
    if (stamp == 0) {
      // the thread that has the lock exchanges or closes the block, and asks the kernel itself
      return store.writeBacks().failure();
    }
    try {
      return window.current == this ? store.writeBackFailure() : store.writeBacks().failure();
    } finally {
      window.persists.unlockRead(stamp);
    }
  }

  /**
   * Checks that the file still reaches to the end of the range: for a page that a truncated file no
   * longer has, msync(2) reports nothing, and a flush is a SIGBUS in native code.
   */
  private void requirePresent(long offset, long length) throws ErrnoException, PersistException {
    if (store.kind() != BackingStore.Kind.FILE) {
      return;
    }
    long present = libc.lseekEnd(store.fd());
    if (present < store.offset() + offset + length) {
      throw new PersistException(
          spec,
          offset,
          length,
          "lseek",
          "the file was truncated to " + present + " bytes",
          "find out which other program shortened it");
    }
  }

  @Override
  public String lostBecause(long offset, long length, boolean stored) {
    Objects.checkFromIndexSize(offset, length, window.size());
    MappedRamBlock current;
    long stamp = window.persists.readLock();
    try {
      current = window.current;
      if (current == null) {
        throw closed();
      }
      if (current.window == window) {
        return new LostPages(current).reason(offset, length, stored);
      }
    } finally {
      window.persists.unlockRead(stamp);
    }
    return current.lostBecause(offset, length, stored); // it has moved into another block's place
  }

  private void flush(long offset, long length) {
    CacheFlush caches = style.cacheFlush().orElseThrow();
    caches.flush(window.segment().asSlice(offset, length));
    caches.drain();
  }

  @Override
  public String cannotTrackBecause() {
    return PageTracking.refusal(this);
  }

  @Override
  public DirtyTracking track() throws TrackingRefusedException {
    return PageTracker.arm(this);
  }

  @Override
  public void dropPageTable() {
    if (!spec.has(RamFlag.RAM_SHARED) || store.pageSize() != libc.getpagesize()) {
      return; // it would lose private pages, and the written marks of huge ones
    }
    for (long at = 0; at < window.size(); at += DROPPED_AT_ONCE) {
      window.structure.lock();
      try {
        requireCurrent();
        if (at == 0 && isOnDax()) {
          return; // it has few pages to unmap, and is never tracked
        }
        if (window.tracking != null && !window.tracking.keepsNotes()) {
          return; // the exchange only takes longer then
        }
        window.dropPages(at, Math.min(DROPPED_AT_ONCE, window.size() - at));
      } catch (ErrnoException e) {
        LOG.debug("memory backend '{}': its page table stays: {}", spec.id(), e.getMessage());
        return; // locked into memory, for example: the exchange only takes longer then
      } finally {
        window.structure.unlock();
      }
    }
  }

  /** Returns whether the block's pages are persistent memory itself. */
  boolean isOnDax() throws ErrnoException {
    return switch (store.kind()) {
      case ANONYMOUS -> false;
      case FILE -> libc.statx(store.fd()).dax();
      case DAX_DEVICE -> true;
    };
  }

  @Override
  public String cannotReplaceBecause(RamBlock present) {
    if (!(present instanceof MappedRamBlock old)) {
      return "it was made by " + present.getClass().getName() + ", which is no mapped memory";
    }
    if (window == old.window) {
      return "it is this very memory";
    }
    if (window.size() != old.window.size()) {
      return "it has size=" + old.spec.size() + ", not " + spec.size();
    }
    if (!align().divides(old.window.address())) {
      return "its addresses begin at 0x"
          + Long.toHexString(old.window.address())
          + ", which is not aligned to "
          + align()
          + ", as this backing needs it";
    }
    if (spec.has(RamFlag.RAM_READONLY) != old.spec.has(RamFlag.RAM_READONLY)) {
      return "one of them can be stored into and the other can't";
    }
    if (existsInItsMappingAlone() && store.pageSize() != libc.getpagesize()) {
      // mremap(2) moves huge pages only from Linux 5.16 on, and before that it unmaps its target
      return "private memory of huge pages can't be moved: make it shared, with share=on";
    }
    return "";
  }

  @Override
  public RamBlock replace(RamBlock present) throws RemapRefusedException, MappingException {
    String reason = cannotReplaceBecause(present);
    if (!reason.isEmpty() || !(present instanceof MappedRamBlock old)) {
      throw new RemapRefusedException(present.spec(), reason);
    }
    boolean lower = window.address() < old.window.address();
    // in the order of the addresses: two threads that replace crosswise don't deadlock
    Window first = lower ? window : old.window;
    Window second = lower ? old.window : window;
    first.structure.lock();
    second.structure.lock();
    try {
      old.requireCurrent();
      requireCurrent();
      boolean discardData = old.window.advice().discardData();
      MappedRamBlock successor = takePlaceOf(old);
      leaveTo(successor);
      old.store.giveUp(discardData);
      return successor;
    } finally {
      second.structure.unlock();
      first.structure.unlock();
    }
  }

  /** Exchanges the mapping while persists wait. The caller ensures that there are no stores. */
  private MappedRamBlock takePlaceOf(MappedRamBlock old)
      throws RemapRefusedException, MappingException {
    Window theirs = old.window;
    long stamp = old.lockPersists();
    MemoryAdvice before = theirs.advice();
    boolean done = false;
    try {
      requireSound(old);
      theirs.expect(window.advice());
      MappedRamBlock successor = existsInItsMappingAlone() ? movedTo(theirs) : in(theirs);
      theirs.current = successor;
      done = true;
      return successor;
    } finally {
      if (!done) {
        theirs.expect(before);
      }
      theirs.persists.unlockWrite(stamp);
    }
  }

  /**
   * Checks that neither block has a known failure to write back: the old one's bytes may have gone
   * wrong before they were copied, this one's afterwards.
   */
  private void requireSound(MappedRamBlock old) throws RemapRefusedException {
    for (MappedRamBlock block : new MappedRamBlock[] {old, this}) {
      Optional<WriteBackFailure> failure = block.store.writeBackFailure();
      if (failure.isPresent()) {
        throw new RemapRefusedException(
            block.spec, "its file could not be written back: " + failure.get().sentence());
      }
    }
  }

  /** Waits for running persists; on a disk that hangs they never end. */
  private long lockPersists() throws RemapRefusedException {
    String reason = "a persist of it did not end within " + PERSIST_LIMIT_SECONDS + " s";
    try {
      long stamp = window.persists.tryWriteLock(PERSIST_LIMIT_SECONDS, TimeUnit.SECONDS);
      if (stamp != 0) {
        return stamp;
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      reason = "it was interrupted";
    }
    throw new RemapRefusedException(spec, reason);
  }

  /** Returns whether mapping the backing again would lose what was stored. */
  private boolean existsInItsMappingAlone() {
    return !pinnedBecause().isEmpty();
  }

  /**
   * Retires this block and releases its own addresses, which only the code that copied into it
   * knows.
   */
  private void leaveTo(MappedRamBlock successor) {
    long stamp = window.persists.writeLock();
    try {
      window.current = successor;
      window.tracking = null;
      if (existsInItsMappingAlone()) {
        window.closeMoved();
      } else {
        window.close(false);
      }
    } finally {
      window.persists.unlockWrite(stamp);
    }
  }

  /** Moves this block's mapping itself over the addresses of another block. */
  private MappedRamBlock movedTo(Window theirs) throws MappingException {
    Placement placement = new Placement(libc, spec, store);
    try {
      placement.move(window, theirs);
    } catch (ErrnoException e) {
      if (!placement.moveIntoHole(window, theirs)) {
        throw placement.refusedToMove(e);
      }
    }
    return in(theirs, mapFlags, attempt, shownFor(theirs));
  }

  /** Maps this block's file over the addresses of another block. */
  private MappedRamBlock in(Window theirs) throws MappingException {
    Placement placement = new Placement(libc, spec, store);
    MappedRamBlock successor;
    try {
      placement.place(theirs, mapFlags);
      placement.bindAgain(theirs);
      successor = in(theirs, mapFlags, attempt, shownFor(theirs));
    } catch (ErrnoException e) {
      if (!placement.fillHole(theirs)) {
        throw placement.refusedInPlace(mapFlags, e); // nothing was touched
      }
      // the old mapping is gone, and this is its copy: the only way is to go ahead
      int plain = placement.plainFlags();
      successor =
          mapFlags == plain
              ? in(theirs, plain, attempt, shownFor(theirs))
              : in(
                  theirs,
                  plain,
                  new SyncAttempt.NotMade("the swap lost MAP_SYNC: " + e.errno()),
                  VmFlags.at(theirs.address()));
    }
    reportLoss(successor);
    return successor;
  }

  private void reportLoss(MappedRamBlock successor) {
    if (successor.durability().obtained().compareTo(durability().obtained()) < 0) {
      LOG.error(
          "memory backend '{}' on {}: in its place the granularity is {}, not {}: {}",
          spec.id(),
          spec.backing(),
          successor.durability().obtained(),
          durability().obtained(),
          successor.durability().reason());
    }
  }

  /**
   * Returns the VmFlags of this block at its new place. Reading them takes long, 20 ms with 2 GiB
   * in use, while writers wait. So those observed when this file was first mapped with these flags
   * are used, unless the durability depends on them.
   */
  private VmFlags shownFor(Window theirs) {
    return attempt instanceof SyncAttempt.Accepted
        ? VmFlags.at(theirs.address())
        : new VmFlags(verdict.durability().evidence().vmFlags());
  }

  private MappedRamBlock in(Window theirs, int flags, SyncAttempt outcome, VmFlags shown) {
    Verdict now =
        Verdict.of(spec, style, store, outcome, libc.constants().mapFlagNames(flags), shown);
    return new MappedRamBlock(libc, spec, style, store, theirs, flags, outcome, now);
  }

  @Override
  public RamBlock detach() {
    window.structure.lock();
    try {
      requireCurrent();
      MappedRamBlock detached =
          new MappedRamBlock(
              libc, spec, style, store, window, mapFlags, attempt, verdict.detached(store));
      long stamp = window.persists.writeLock();
      window.current = detached;
      window.persists.unlockWrite(stamp);
      return detached;
    } finally {
      window.structure.unlock();
    }
  }

  @Override
  public void close() {
    end(store::close, window.advice().discardData() && store.storesReachIt());
  }

  @Override
  public void discard() {
    end(store::discard, false);
  }

  private void end(Runnable release, boolean discardData) {
    window.structure.lock();
    try {
      if (window.current != this) {
        return;
      }
      long stamp = window.persists.writeLock();
      try {
        window.current = null;
        if (window.close(discardData)) {
          release.run();
        }
      } finally {
        window.persists.unlockWrite(stamp);
      }
    } finally {
      window.structure.unlock();
    }
  }

  /** Throws if this block is closed or retired. The caller holds one of the window's locks. */
  void requireCurrent() {
    MappedRamBlock current = window.current;
    if (current == null) {
      throw closed();
    }
    if (current != this) {
      throw new RetiredBlockException(spec);
    }
  }

  private IllegalStateException closed() {
    return new IllegalStateException("memory backend '" + spec.id() + "' is closed");
  }
}
