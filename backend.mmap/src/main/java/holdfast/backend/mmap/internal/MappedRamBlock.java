package holdfast.backend.mmap.internal;

import holdfast.backend.api.Alignment;
import holdfast.backend.api.BlockExchange;
import holdfast.backend.api.ByteSize;
import holdfast.backend.api.CopyTarget;
import holdfast.backend.api.DirtyTracking;
import holdfast.backend.api.Durability;
import holdfast.backend.api.Evidence;
import holdfast.backend.api.FileIdentity;
import holdfast.backend.api.HostLook;
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
import holdfast.host.linux.ErrnoException;
import holdfast.host.linux.Libc;
import java.lang.foreign.MemorySegment;
import java.util.EnumSet;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.function.Supplier;

/** A block in its window. All of its code is in this bundle, so that it outlives its allocator. */
final class MappedRamBlock implements RamBlock {
  final Libc libc;
  final BlockRecipe recipe;
  final BackingStore store;
  final Window window;

  /** What this mapping was made with. */
  final AgreedFlags agreed;

  final BlockPersistence persistence;
  private final RamBlockSpec spec;
  private final DurabilityAssessment assessment;

  /** When its mapping was already there. */
  private final long made = System.nanoTime();

  MappedRamBlock(
      BlockRecipe recipe, Window window, AgreedFlags agreed, DurabilityAssessment assessment) {
    this.libc = recipe.libc();
    this.recipe = recipe;
    this.spec = recipe.spec();
    this.store = recipe.store();
    this.window = window;
    this.agreed = agreed;
    this.assessment = assessment;
    this.persistence = new BlockPersistence(recipe, window, assessment.method());
  }

  /** Returns the block as the one made by a mapper that it is; empty if it is none. */
  static Optional<MappedRamBlock> of(RamBlock block) {
    return block instanceof MappedRamBlock mapped ? Optional.of(mapped) : Optional.empty();
  }

  @Override
  public RamBlockSpec spec() {
    return spec;
  }

  @Override
  public EnumSet<RamFlag> obtained() {
    return EnumSet.copyOf(assessment.obtained());
  }

  @Override
  public Durability durability() {
    return assessment.durability();
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
    return evidence(() -> VmFlags.at(window.address()));
  }

  @Override
  public Evidence evidence(HostLook look) {
    return evidence(
        () -> {
          Smaps all = look.see(Smaps.class, Smaps::read);
          // before it was made, another mapping may have been there
          return all.isSince(made) ? all.flags(window.address()) : VmFlags.at(window.address());
        });
  }

  private Evidence evidence(Supplier<VmFlags> now) {
    Evidence seen = assessment.durability().evidence();
    window.structure.lock();
    try {
      // the addresses of a closed window may belong to another mapping
      return window.current == this
          ? new Evidence(seen.mmap(), now.get().text(), seen.persist(), seen.fileSystem())
          : seen;
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
  public Optional<String> remapObstacle() {
    if (store instanceof AnonymousStore) {
      return Optional.of("anonymous memory has no file that could be mapped again");
    }
    if (!spec.has(RamFlag.RAM_SHARED)) {
      return Optional.of(
          "share=off: the stores into a private mapping exist nowhere else, and mapping the file"
              + " again would lose them");
    }
    return Optional.empty();
  }

  @Override
  public void persist(long offset, long length) throws PersistException {
    Objects.checkFromIndexSize(offset, length, window.size());
    long stamp = window.persists.readLock();
    try {
      requireCurrent();
      if (length > 0) {
        persistence.persist(offset, length);
      }
    } finally {
      window.persists.unlockRead(stamp);
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

  @Override
  public Optional<String> lostPage(long offset, long length, boolean stored) {
    Objects.checkFromIndexSize(offset, length, window.size());
    MappedRamBlock current;
    long stamp = window.persists.readLock();
    try {
      current = window.current;
      if (current == null) {
        throw closed();
      }
      if (current.window == window) {
        return new LostPages(libc, window, current.store.pageSize())
            .failure(offset, length, stored)
            .map(e -> e.call() + ": " + e.errno());
      }
    } finally {
      window.persists.unlockRead(stamp);
    }
    return current.lostPage(offset, length, stored); // it has moved into another block's place
  }

  @Override
  public Optional<String> trackingObstacle() {
    return PageTracking.obstacle(this);
  }

  @Override
  public DirtyTracking track() throws TrackingRefusedException {
    return PageTracking.arm(this);
  }

  @Override
  public CopyTarget expectCopy() {
    Rehearsal.once();
    boolean moves = remapObstacle().isPresent();
    CopyTarget mapping = PagewiseCopy.through(window.segment());
    if (!moves && (!(store instanceof FileStore) || store.isVolatile())) {
      return mapping; // nothing is written back
    }
    window.structure.lock();
    try {
      requireCurrent();
      if (moves) {
        window.expectMove();
        return mapping;
      }
      window.expectRandomStores();
      return isOnDax() ? mapping : PagewiseCopy.into(store, window, libc.getpagesize());
    } finally {
      window.structure.unlock();
    }
  }

  private boolean isOnDax() {
    try {
      return store.isOnDax();
    } catch (ErrnoException unknown) {
      return true;
    }
  }

  @Override
  public void startWriteBack(long offset, long length) throws PersistException {
    Objects.checkFromIndexSize(offset, length, window.size());
    long stamp = window.persists.readLock();
    try {
      requireCurrent();
      if (length > 0) {
        persistence.startWriteBack(offset, length);
      }
    } finally {
      window.persists.unlockRead(stamp);
    }
  }

  @Override
  public Optional<String> replaceObstacle(RamBlock present) {
    return Replacement.obstacle(this, present);
  }

  @Override
  public RamBlock replace(RamBlock present) throws RemapRefusedException, MappingException {
    BlockExchange made = exchange(present);
    made.release();
    return made.block();
  }

  @Override
  public BlockExchange exchange(RamBlock present) throws RemapRefusedException, MappingException {
    return Replacement.exchange(this, present);
  }

  @Override
  public RamBlock detach() {
    window.structure.lock();
    try {
      requireCurrent();
      MappedRamBlock detached =
          new MappedRamBlock(recipe, window, agreed, assessment.detached(store));
      long stamp = window.persists.writeLock();
      window.current = detached;
      window.persists.unlockWrite(stamp);
      return detached;
    } finally {
      window.structure.unlock();
    }
  }

  @Override
  public OptionalInt descriptor() {
    int fd = store.fd();
    return fd < 0 ? OptionalInt.empty() : OptionalInt.of(fd);
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
