package holdfast.backend.mmap.internal;

import holdfast.backend.api.PersistException;
import holdfast.backend.api.WriteBackFailure;
import holdfast.backend.mmap.style.CacheFlush;
import holdfast.host.linux.ErrnoException;
import holdfast.host.linux.KernelConstants;
import holdfast.host.linux.Libc;
import holdfast.host.linux.Step;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Makes ranges of a block durable. The caller holds one of the window's locks, and the block is
 * current. A persist by cache flushes makes no system call unless it fails, and no garbage.
 */
final class BlockPersistence {
  /**
   * How many bytes are flushed after one look at their pages: few, so that they are hardly ever
   * lost in between, yet so many that the look costs nothing beside the flush.
   */
  private static final long FLUSHED_AT_ONCE = 256 << 10;

  /**
   * Little enough that a guest that stores meanwhile hardly waits: of a whole file the kernel locks
   * as many pages as it can at once, and a store into one of them takes a quarter of a second.
   */
  private static final long WRITTEN_AT_ONCE = 8L << 20;

  private final Libc libc;
  private final BlockRecipe recipe;
  private final BackingStore store;
  private final Window window;
  private final WriteBacks writeBacks;
  private final PersistMethod method;
  private final @Nullable CacheFlush caches;
  private final long pageSize;

  /** Where the block's last page begins. */
  private final long lastPage;

  BlockPersistence(BlockRecipe recipe, Window window, PersistMethod method) {
    this.libc = recipe.libc();
    this.recipe = recipe;
    this.store = recipe.store();
    this.window = window;
    this.method = method;
    this.writeBacks = store.writeBacks();
    this.caches = recipe.style().cacheFlush().orElse(null);
    this.pageSize = libc.getpagesize();
    this.lastPage = (window.size() - 1) & -pageSize;
  }

  /** Makes a range that isn't empty durable, as the block's durability says. */
  void persist(long offset, long length) throws PersistException {
    requireWrittenBack(offset, length, writeBacks.failure());
    if (writeBacks.isLent()) {
      throw PersistException.ofLentMemory(recipe.spec(), offset, length);
    }
    try {
      switch (method) {
        case NOTHING -> {}
        case MSYNC -> {
          requireLength(offset, length);
          requireWrittenBack(offset, length, msync(offset, length));
        }
        case CACHE_FLUSH -> {
          flush(offset, length);
          requireWrittenBack(offset, length, writeBacks.failure());
        }
        case FENCE -> {
          requirePresent(offset, length);
          caches().drain();
          requireWrittenBack(offset, length, writeBacks.failure());
        }
      }
    } catch (ErrnoException e) {
      throw failed(offset, length, e);
    }
  }

  /**
   * Makes the whole block durable by the kernel's means, whatever its granularity: needed whenever
   * its mapping changes.
   */
  void writeBackAll() throws PersistException {
    if (!(store instanceof FileStore) || store.isVolatile()) {
      return;
    }
    long size = window.size();
    for (long at = 0; at < size; at += WRITTEN_AT_ONCE) {
      long length = Math.min(WRITTEN_AT_ONCE, size - at);
      try {
        requireWrittenBack(at, length, msync(at, length));
      } catch (ErrnoException e) {
        throw failed(at, length, e);
      }
    }
  }

  /** Starts to write a range back, if the block is written back by the kernel, page by page. */
  void startWriteBack(long offset, long length) throws PersistException {
    if (method != PersistMethod.MSYNC) {
      return;
    }
    try {
      requireWrittenBack(offset, length, writeBacks.make(() -> hint(offset, length)));
    } catch (ErrnoException e) {
      throw failed(offset, length, e);
    }
  }

  /** Asks the kernel to begin; where there is no such call, the persist does all of it. */
  private void hint(long offset, long length) throws ErrnoException {
    try {
      libc.syncFileRange(
          store.fd(), store.offset() + offset, length, KernelConstants.SYNC_FILE_RANGE_WRITE);
    } catch (ErrnoException e) {
      if (!WriteBacks.isNoAnswer(e)) {
        throw e;
      }
    }
  }

  /** Throws if there was a failure to write the file back; asks the kernel for one, too. */
  void requireSound() throws PersistException {
    requireWrittenBack(0, window.size(), store.writeBackFailure());
  }

  private void requireWrittenBack(long offset, long length, Optional<WriteBackFailure> failure)
      throws PersistException {
    if (failure.isPresent()) {
      throw PersistException.ofWriteBack(recipe.spec(), offset, length, failure.get());
    }
  }

  /**
   * Writes the pages of a range back.
   *
   * @return a failure that another call reported meanwhile: then the outcome of this one is unknown
   */
  private Optional<WriteBackFailure> msync(long offset, long length) throws ErrnoException {
    long page = libc.getpagesize();
    long from = offset & -page;
    long end = offset + length;
    return store
        .writeBacks()
        .make(
            // SAFETY: within the window, which can't be unmapped while one of its locks is held.
            () -> libc.msync(window.address() + from, end - from, libc.constants().msSync()));
  }

  /**
   * Checks that the file still reaches to the end of the range: for a page that a truncated file no
   * longer has, msync(2) reports nothing.
   */
  private void requireLength(long offset, long length) throws ErrnoException, PersistException {
    long present = store.length();
    if (present < store.offset() + offset + length) {
      throw new PersistException(
          recipe.spec(),
          offset,
          length,
          "lseek",
          "the file was truncated to " + present + " bytes",
          "find out which other program shortened it");
    }
  }

  private void flush(long offset, long length) throws ErrnoException, PersistException {
    CacheFlush flush = caches();
    long end = offset + length;
    long at = offset;
    while (at < end) {
      long part = Math.min(end, (at & -FLUSHED_AT_ONCE) + FLUSHED_AT_ONCE) - at;
      requirePresent(at, part);
      flushPart(flush, at, part);
      at += part;
    }
    flush.drain();
  }

  private void flushPart(CacheFlush flush, long offset, long length)
      throws ErrnoException, PersistException {
    try {
      // SAFETY: within the window, which can't be unmapped while one of its locks is held; each
      // page was there a moment ago, else it would be a SIGBUS in native code.
      flush.flush(window.segment().asSlice(offset, length));
      PageTouch.awaitLateErrors();
    } catch (InternalError lostMeanwhile) {
      requireProvided(offset, length);
      flush.flush(window.segment().asSlice(offset, length));
      PageTouch.awaitLateErrors();
    }
  }

  /**
   * Checks without a system call that the file still has the bytes of the range. Its pages are
   * touched, since a flush of one that is lost would be a SIGBUS in native code; and the block's
   * last page, which a file cut within a page of the range has lost, too. A cut within that last
   * page loses no page: of it the file is asked.
   */
  private void requirePresent(long offset, long length) throws ErrnoException, PersistException {
    boolean reachesLastPage = offset + length > lastPage;
    try {
      PageTouch.touch(window.segment(), offset, length, pageSize);
      if (!reachesLastPage) {
        PageTouch.touch(window.segment(), lastPage, 1, pageSize);
      }
    } catch (InternalError lost) {
      requireProvided(offset, length);
      return;
    }
    if (reachesLastPage) {
      requireLength(offset, length);
    }
  }

  /**
   * Checks with the kernel that the bytes of the range are there: an InternalError may be about
   * another page, or an earlier access of this thread.
   */
  private void requireProvided(long offset, long length) throws ErrnoException, PersistException {
    requireLength(offset, length);
    Optional<ErrnoException> lost =
        new LostPages(libc, window, store.pageSize()).failure(offset, length, false);
    if (lost.isPresent()) {
      throw lost.get();
    }
  }

  private CacheFlush caches() {
    return Objects.requireNonNull(caches);
  }

  private PersistException failed(long offset, long length, ErrnoException e) {
    return new PersistException(
        recipe.spec(),
        offset,
        length,
        e.call(),
        e.errno().toString(),
        recipe.remedy(Step.WRITE_BACK, e));
  }
}
