package holdfast.backend.mmap.internal;

import holdfast.backend.api.BlockExchange;
import holdfast.backend.api.MappingException;
import holdfast.backend.api.MemoryAdvice;
import holdfast.backend.api.RamBlock;
import holdfast.backend.api.RamFlag;
import holdfast.backend.api.RemapRefusedException;
import holdfast.backend.api.WriteBackFailure;
import holdfast.host.linux.ErrnoException;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Replaces a live block by one of another backing, which holds a copy of its bytes: maps the copy
 * over the live block's window, or moves the copy's mapping there if nothing else holds its bytes.
 * {@link Remapping} exchanges the mappings of one and the same backing.
 */
final class Replacement {
  private static final Logger LOG = LoggerFactory.getLogger(Replacement.class);

  private static final long PERSIST_LIMIT_SECONDS = 5;

  private final MappedRamBlock next;
  private final MappedRamBlock old;
  private final BlockRecipe recipe;

  /** What was in the window, unless the exchange itself ends it. */
  private Optional<FormerMapping> former = Optional.empty();

  /** Whether the new mapping is in the window: from then on there is no way back. */
  private boolean mapped;

  private Replacement(MappedRamBlock next, MappedRamBlock old) {
    this.next = next;
    this.old = old;
    this.recipe = next.recipe;
  }

  /** Implements {@link RamBlock#replaceObstacle}. */
  static Optional<String> obstacle(MappedRamBlock next, RamBlock present) {
    Optional<MappedRamBlock> mapped = MappedRamBlock.of(present);
    return mapped.isEmpty()
        ? Optional.of(
            "it was made by " + present.getClass().getName() + ", which is no mapped memory")
        : new Replacement(next, mapped.get()).obstacle();
  }

  /** Implements {@link RamBlock#exchange}. */
  static BlockExchange exchange(MappedRamBlock next, RamBlock present)
      throws RemapRefusedException, MappingException {
    Optional<String> obstacle = obstacle(next, present);
    if (obstacle.isPresent()) {
      throw new RemapRefusedException(present.spec(), obstacle.get());
    }
    return new Replacement(next, MappedRamBlock.of(present).orElseThrow()).exchange();
  }

  private Optional<String> obstacle() {
    Window ours = next.window;
    Window theirs = old.window;
    if (ours == theirs) {
      return Optional.of("it is this very memory");
    }
    if (ours.size() != theirs.size()) {
      return Optional.of("it has size=" + old.spec().size() + ", not " + next.spec().size());
    }
    if (!next.align().divides(theirs.address())) {
      return Optional.of(
          "its addresses begin at 0x"
              + Long.toHexString(theirs.address())
              + ", which is not aligned to "
              + next.align()
              + ", as this backing needs it");
    }
    if (next.spec().has(RamFlag.RAM_READONLY) != old.spec().has(RamFlag.RAM_READONLY)) {
      return Optional.of("one of them can be stored into and the other can't");
    }
    if (existsInItsMappingAlone() && next.store.pageSize() != recipe.libc().getpagesize()) {
      // mremap(2) moves huge pages only from Linux 5.16 on, and before that it unmaps its target
      return Optional.of(
          "private memory of huge pages can't be moved: make it shared, with share=on");
    }
    return Optional.empty();
  }

  private BlockExchange exchange() throws RemapRefusedException, MappingException {
    boolean lower = next.window.address() < old.window.address();
    // in the order of the addresses: two threads that replace crosswise don't deadlock
    Window first = lower ? next.window : old.window;
    Window second = lower ? old.window : next.window;
    first.structure.lock();
    second.structure.lock();
    try {
      old.requireCurrent();
      next.requireCurrent();
      boolean discardData = old.window.advice().discardData();
      MappedRamBlock successor = takePlace();
      return new BlockExchange(successor, () -> release(discardData));
    } finally {
      second.structure.unlock();
      first.structure.unlock();
    }
  }

  /** Exchanges the mapping while persists wait. The caller ensures that there are no stores. */
  private MappedRamBlock takePlace() throws RemapRefusedException, MappingException {
    Window theirs = old.window;
    long stamp = lockPersists(theirs);
    MemoryAdvice before = theirs.advice();
    boolean done = false;
    try {
      requireSound(old);
      requireSound(next);
      theirs.expect(next.window.advice());
      MappedRamBlock standIn = standIn(theirs);
      former = FormerMapping.takenFrom(old);
      MappedRamBlock successor = successor(theirs, standIn);
      theirs.current = successor;
      retire(successor);
      done = true;
      return successor;
    } finally {
      if (!done) {
        theirs.expect(before);
        former.ifPresent(FormerMapping::release); // the same file is in the window again
        if (former.isPresent()) {
          theirs.tracking = null; // what was written is not known any more
        }
      }
      theirs.persists.unlockWrite(stamp);
    }
  }

  /**
   * Returns a block that can serve the new mapping whatever else fails. It is made before that
   * mapping is, since afterwards there may be no memory for it.
   */
  private MappedRamBlock standIn(Window theirs) {
    if (!(next.agreed.attempt() instanceof SyncAttempt.Accepted)) {
      return recipe.mappedIn(theirs, next.agreed);
    }
    SyncAttempt unknown = new SyncAttempt.NotMade("an error kept the swap from looking at it");
    int plain = recipe.mapper().plainFlags();
    return recipe.mappedIn(theirs, new AgreedFlags(plain, unknown, next.agreed.vmFlags()));
  }

  private MappedRamBlock successor(Window theirs, MappedRamBlock standIn) throws MappingException {
    try {
      return existsInItsMappingAlone() ? movedTo(theirs) : mappedOver(theirs);
    } catch (RuntimeException | Error e) {
      if (!mapped) {
        throw e;
      }
      LOG.error("memory backend '{}': its exchange is done, though not told", next.spec().id(), e);
      return standIn;
    }
  }

  /**
   * Checks that a block has no known failure to write back: the old one's bytes may have gone wrong
   * before they were copied, the new one's afterwards.
   */
  private static void requireSound(MappedRamBlock block) throws RemapRefusedException {
    Optional<WriteBackFailure> failure = block.store.writeBackFailure();
    if (failure.isPresent()) {
      throw new RemapRefusedException(
          block.spec(), "its file could not be written back: " + failure.get().sentence());
    }
  }

  /** Waits for running persists; on a disk that hangs they never end. */
  private long lockPersists(Window theirs) throws RemapRefusedException {
    String reason = "a persist of it did not end within " + PERSIST_LIMIT_SECONDS + " s";
    try {
      long stamp = theirs.persists.tryWriteLock(PERSIST_LIMIT_SECONDS, TimeUnit.SECONDS);
      if (stamp != 0) {
        return stamp;
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      reason = "it was interrupted";
    }
    throw new RemapRefusedException(old.spec(), reason);
  }

  /** Returns whether mapping the new backing again would lose what was stored. */
  private boolean existsInItsMappingAlone() {
    return next.remapObstacle().isPresent();
  }

  /** Retires the new block, whose place is that of the old one now. */
  private void retire(MappedRamBlock successor) {
    Window ours = next.window;
    long stamp = ours.persists.writeLock();
    ours.current = successor;
    ours.tracking = null;
    ours.persists.unlockWrite(stamp);
  }

  /**
   * Releases what nobody needs any more: the old block's mapping and file, and the new block's own
   * addresses, which only the code that copied into it knows.
   */
  private void release(boolean discardData) {
    former.ifPresent(FormerMapping::release);
    Window ours = next.window;
    ours.structure.lock();
    long stamp = ours.persists.writeLock();
    try {
      if (existsInItsMappingAlone()) {
        ours.closeMoved();
      } else {
        ours.close(false);
      }
    } finally {
      ours.persists.unlockWrite(stamp);
      ours.structure.unlock();
      old.store.giveUp(discardData); // its file's lock, above all
    }
  }

  /** Moves the new block's mapping itself over the old one's addresses. */
  private MappedRamBlock movedTo(Window theirs) throws MappingException {
    WindowMapper mapper = recipe.mapper();
    try {
      mapper.move(next.window, theirs);
    } catch (ErrnoException e) {
      if (!mapper.moveIntoHole(next.window, theirs)) {
        throw mapper.refusedToMove(e);
      }
    }
    mapped = true;
    theirs.adviseMovedMapping();
    return recipe.mappedIn(theirs, shownIn(theirs));
  }

  /** Maps the new block's file over the old one's addresses. */
  private MappedRamBlock mappedOver(Window theirs) throws MappingException {
    WindowMapper mapper = recipe.mapper();
    MappedRamBlock successor;
    try {
      mapper.map(theirs, next.agreed.flags());
      mapped = true;
      theirs.adviseNewMapping();
      mapper.bindAgain(theirs);
      successor = recipe.mappedIn(theirs, shownIn(theirs));
    } catch (ErrnoException e) {
      if (!mapper.fillHole(theirs)) {
        throw mapper.refusedInPlace(next.agreed.flags(), e); // nothing was touched
      }
      mapped = true;
      // the old mapping is gone, and this is its copy: the only way is to go ahead
      int plain = mapper.plainFlags();
      successor =
          recipe.mappedIn(
              theirs,
              next.agreed.flags() == plain
                  ? shownIn(theirs)
                  : new AgreedFlags(
                      plain,
                      new SyncAttempt.NotMade("the swap lost MAP_SYNC: " + e.errno()),
                      VmFlags.at(theirs.address())));
    }
    reportLoss(successor);
    return successor;
  }

  private void reportLoss(MappedRamBlock successor) {
    if (successor.durability().obtained().compareTo(next.durability().obtained()) < 0) {
      LOG.error(
          "memory backend '{}' on {}: in its place the granularity is {}, not {}: {}",
          next.spec().id(),
          next.spec().backing(),
          successor.durability().obtained(),
          next.durability().obtained(),
          successor.durability().reason());
    }
  }

  /**
   * Returns the new block's flags, as the kernel shows them at its new place. Reading the VmFlags
   * takes long, 20 ms with 2 GiB in use, while writers wait. So those observed when this file was
   * first mapped with these flags are used, unless the durability depends on them.
   */
  private AgreedFlags shownIn(Window theirs) {
    return next.agreed.attempt() instanceof SyncAttempt.Accepted
        ? next.agreed.shown(VmFlags.at(theirs.address()))
        : next.agreed;
  }
}
