package holdfast.backend.mmap.internal;

import holdfast.backend.api.Alignment;
import holdfast.backend.api.ByteSize;
import holdfast.backend.api.Durability;
import holdfast.backend.api.MemoryAdvice;
import holdfast.backend.api.PersistException;
import holdfast.backend.api.Preallocation;
import holdfast.backend.api.PreallocationException;
import holdfast.backend.api.RamBlock;
import holdfast.backend.api.RamBlockSpec;
import holdfast.backend.api.RamFlag;
import holdfast.backend.api.RetiredBlockException;
import holdfast.backend.mmap.CacheFlush;
import holdfast.backend.mmap.ErrnoException;
import holdfast.backend.mmap.Libc;
import holdfast.backend.mmap.MappingStyle;
import java.lang.foreign.MemorySegment;
import java.util.EnumSet;
import java.util.Objects;
import java.util.OptionalInt;

/** A block in its window. All of its code is in this bundle, so that it outlives its allocator. */
public final class MappedRamBlock implements RamBlock {
  private final Libc libc;
  private final RamBlockSpec spec;
  private final MappingStyle style;
  private final Verdict verdict;
  final BackingStore store;
  final Window window;

  /** The flags without MAP_FIXED that this mapping was made with. */
  final int mapFlags;

  MappedRamBlock(
      Libc libc,
      RamBlockSpec spec,
      MappingStyle style,
      BackingStore store,
      Window window,
      int mapFlags,
      Verdict verdict) {
    this.libc = libc;
    this.spec = spec;
    this.style = style;
    this.store = store;
    this.window = window;
    this.mapFlags = mapFlags;
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
      new Preallocator(libc, spec, window, store.pageSize()).run(wished.threads());
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
      switch (verdict.method()) {
        case NOTHING -> {}
        case MSYNC -> {
          requirePresent(offset, length);
          msync(offset, length);
        }
        case CACHE_FLUSH -> {
          requirePresent(offset, length);
          flush(offset, length);
        }
        case FENCE -> {
          requirePresent(offset, length);
          style.cacheFlush().orElseThrow().drain();
        }
      }
    } catch (ErrnoException e) {
      throw new PersistException(spec, offset, length, e.call(), e.errno().toString());
    } finally {
      window.persists.unlockRead(stamp);
    }
  }

  private void msync(long offset, long length) throws ErrnoException {
    long page = libc.getpagesize();
    long from = offset & -page;
    long end = offset + length;
    // SAFETY: within the window, which can't go away while its persists lock is held.
    libc.msync(window.address() + from, end - from, libc.constants().msSync());
  }

  /**
   * That the file still reaches to the end of the range: of a page that a truncated file no longer
   * has, msync(2) says nothing, and a flush is a SIGBUS in native code.
   */
  private void requirePresent(long offset, long length) throws ErrnoException, PersistException {
    if (store.kind() != BackingStore.Kind.FILE) {
      return;
    }
    long present = libc.lseekEnd(store.fd());
    if (present < store.offset() + offset + length) {
      throw new PersistException(
          spec, offset, length, "lseek", "the file was truncated to " + present + " bytes");
    }
  }

  private void flush(long offset, long length) {
    CacheFlush caches = style.cacheFlush().orElseThrow();
    caches.flush(window.segment().asSlice(offset, length));
    caches.drain();
  }

  @Override
  public RamBlock detach() {
    window.structure.lock();
    try {
      requireCurrent();
      MappedRamBlock detached =
          new MappedRamBlock(libc, spec, style, store, window, mapFlags, verdict.detached(store));
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

  /** The caller holds one of the window's locks. */
  void requireCurrent() {
    MappedRamBlock current = window.current;
    if (current == null) {
      throw new IllegalStateException("memory backend '" + spec.id() + "' is closed");
    }
    if (current != this) {
      throw new RetiredBlockException(spec);
    }
  }
}
