package holdfast.backend.mmap.internal;

import holdfast.backend.api.Alignment;
import holdfast.backend.api.Backing;
import holdfast.backend.api.BackingLockedException;
import holdfast.backend.api.BackingOpenException;
import holdfast.backend.api.BackingSizeException;
import holdfast.backend.api.BackingSpaceException;
import holdfast.backend.api.BlockAlignmentException;
import holdfast.backend.api.BlockOffsetException;
import holdfast.backend.api.BlockSizeException;
import holdfast.backend.api.ByteSize;
import holdfast.backend.api.FileIdentity;
import holdfast.backend.api.PersistException;
import holdfast.backend.api.RamBlockException;
import holdfast.backend.api.RamBlockSpec;
import holdfast.backend.api.RamFlag;
import holdfast.backend.api.WriteBackFailure;
import holdfast.backend.mmap.internal.BackingOpener.Opened;
import holdfast.backend.mmap.internal.BackingOpener.Origin;
import holdfast.host.linux.Errno;
import holdfast.host.linux.ErrnoException;
import holdfast.host.linux.FileStatus;
import holdfast.host.linux.FileSystemStatus;
import holdfast.host.linux.KernelConstants;
import holdfast.host.linux.Libc;
import holdfast.host.linux.Remedy;
import holdfast.host.linux.Scene;
import holdfast.host.linux.Step;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The store of a block's bytes: an open, locked file or DAX device of sufficient size, or nothing
 * but memory. Passed from block to block when a live region is re-mapped, so that the file stays
 * the same and its lock is never released.
 */
public final class BackingStore {
  private static final Logger LOG = LoggerFactory.getLogger(BackingStore.class);

  /** The three kinds of backing, which differ in how they are mapped and persisted. */
  public enum Kind {
    /** Memory of the process. */
    ANONYMOUS,
    /** A regular file, on any file system; a memfd is one on an in-memory file system. */
    FILE,
    /** A device-DAX character device: no file system, and msync(2) does nothing for it. */
    DAX_DEVICE
  }

  /**
   * The smallest part that an allocation is divided into; a multiple of every page size except huge
   * ones.
   */
  private static final long LEAST_PART = 1L << 20;

  private final Libc libc;
  private final RamBlockSpec spec;
  private final int fd;
  private final Kind kind;
  private final Origin origin;
  private final String medium;
  private final boolean volatileMedium;
  private final long pageSize;
  private final Optional<DaxDevice> dax;
  private final WriteBacks writeBacks = new WriteBacks();
  private boolean grown;

  private BackingStore(Libc libc, RamBlockSpec spec, Opened opened) {
    this.libc = libc;
    this.spec = spec;
    this.fd = opened.fd();
    this.dax = opened.dax();
    this.origin = opened.origin();
    FileSystemStatus fileSystem = opened.fileSystem();
    this.kind =
        switch (spec.backing()) {
          case Backing.Anonymous none -> Kind.ANONYMOUS;
          case Backing.Memfd memfd -> Kind.FILE;
          case Backing.File file -> dax.isPresent() ? Kind.DAX_DEVICE : Kind.FILE;
        };
    this.medium =
        switch (kind) {
          case ANONYMOUS -> "anonymous memory";
          case FILE -> fileSystem.name();
          case DAX_DEVICE -> "device DAX";
        };
    this.volatileMedium = kind == Kind.FILE && fileSystem.isVolatile();
    this.pageSize =
        kind == Kind.FILE && fileSystem.isHugetlbfs() ? fileSystem.blockSize() : libc.getpagesize();
  }

  /**
   * Opens, checks and locks the backing of a block, and provides its space.
   *
   * @param sysfs where sysfs is mounted
   * @throws RamBlockException one type per cause; nothing is left behind
   */
  public static BackingStore open(Libc libc, Path sysfs, RamBlockSpec spec)
      throws RamBlockException {
    BackingStore store = openLocked(libc, sysfs, spec);
    try {
      store.checkGeometry();
      store.provideSpace();
      return store;
    } catch (RamBlockException | RuntimeException | Error e) {
      store.discard();
      throw e;
    }
  }

  private static BackingStore openLocked(Libc libc, Path sysfs, RamBlockSpec spec)
      throws RamBlockException {
    for (int attempt = 0; attempt < BackingOpener.ATTEMPTS; attempt++) {
      BackingStore store =
          new BackingStore(libc, spec, new BackingOpener(libc, sysfs, spec).open());
      try {
        store.lock();
        if (!store.isGone()) {
          return store;
        }
      } catch (RamBlockException | RuntimeException | Error e) {
        store.closeQuietly(); // the lock's holder has taken over the file, even one created here
        throw e;
      }
      store.closeQuietly();
    }
    throw BackingOpener.keepsVanishing(spec);
  }

  /**
   * Returns whether a file that was found has lost its name: another process created it, failed,
   * and removed it again between the open and the lock here. Stores into it would be lost.
   */
  private boolean isGone() throws BackingOpenException {
    if (origin != Origin.FOUND || kind != Kind.FILE) {
      return false;
    }
    try {
      return libc.statx(fd).links() == 0;
    } catch (ErrnoException e) {
      throw new BackingOpenException(spec, e.errno().toString(), remedy(Step.LOOK, e));
    }
  }

  /**
   * Locks the file for one writer or any number of readers, across processes: fcntl(2),
   * F_OFD_SETLK.
   */
  private void lock() throws BackingLockedException {
    if (origin == Origin.UNNAMED) {
      return; // no other open can reach it
    }
    try {
      libc.fcntlOfdSetlk(fd, storesReachIt());
    } catch (ErrnoException e) {
      if (e.is(Errno.EAGAIN) || e.is(Errno.EACCES)) {
        throw new BackingLockedException(spec);
      }
      LOG.warn(
          "memory backend '{}' on {}: {} can't lock it ({}): see to it yourself that no other machine"
              + " uses this file",
          spec.id(),
          spec.backing(),
          medium,
          e.errno());
    }
  }

  /** Checks size, alignment and offset, in QEMU's order. */
  private void checkGeometry() throws RamBlockException {
    if (kind != Kind.ANONYMOUS) {
      long actual = size();
      boolean empty = actual == 0 && kind == Kind.FILE && canGrow();
      if (!empty && actual < end()) {
        throw new BackingSizeException(spec, new ByteSize(actual));
      }
    }
    Alignment wish = spec.align();
    if (dax.isPresent() && wish.bytes() < dax.get().align()) {
      throw new BlockAlignmentException(
          spec, new Alignment(dax.get().align()), "the alignment of this DAX device");
    }
    if (wish.bytes() != 0 && wish.bytes() < pageSize) {
      throw new BlockAlignmentException(
          spec, new Alignment(pageSize), "the page size of this backing");
    }
    long unit = Math.max(pageSize, dax.map(DaxDevice::align).orElse(0L));
    if (offset() % unit != 0) {
      throw new BlockOffsetException(spec, spec.offset(), new ByteSize(unit));
    }
    if (spec.size().bytes() % unit != 0) {
      throw new BlockSizeException(spec, new ByteSize(unit));
    }
  }

  /** Returns the present size in bytes. */
  private long size() throws BackingOpenException {
    if (dax.isPresent()) {
      return dax.get().size();
    }
    try {
      return libc.lseekEnd(fd);
    } catch (ErrnoException e) {
      throw new BackingOpenException(spec, e.errno().toString(), remedy(Step.LOOK, e));
    }
  }

  private boolean canGrow() {
    return !spec.has(RamFlag.RAM_READONLY) && !spec.has(RamFlag.RAM_READONLY_FD);
  }

  /**
   * Provides the file's space. Grows an empty file to the block's end, allocates what the guest can
   * store into, so that a full disk is met here and not in the guest, and makes the file itself
   * durable: its size, its allocation and its name. That includes a file that was found, since the
   * process that created it may have been killed before it was durable.
   */
  private void provideSpace() throws BackingSpaceException, PersistException {
    if (kind != Kind.FILE || !canGrow()) {
      return;
    }
    Step step = Step.LOOK;
    try {
      if (libc.lseekEnd(fd) == 0) {
        step = Step.GROW;
        grown = true;
        libc.ftruncate(fd, end());
      }
      if (spec.backing() instanceof Backing.Memfd(boolean h, ByteSize s, boolean seal)) {
        if (seal) {
          step = Step.SEAL;
          libc.fcntlAddSeals(fd, KernelConstants.F_SEAL_SIZE);
        }
        return;
      }
      if (storesReachIt() && !spec.has(RamFlag.RAM_NORESERVE)) {
        step = Step.ALLOCATE;
        allocate(offset(), spec.size().bytes());
      }
      if (isVolatile()) {
        return;
      }
      step = Step.SYNC;
      if (grown || storesReachIt()) {
        sync();
      }
      if (origin == Origin.CREATED) {
        syncFolder();
      } else if (storesReachIt()) {
        syncFolderOfFound();
      }
    } catch (ErrnoException e) {
      throw new BackingSpaceException(spec, e.call(), e.errno().toString(), remedy(step, e));
    }
  }

  /**
   * Syncs the file. A loss from before the file was opened here, if not yet reported, is reported
   * now, and only once: the next start would find nothing wrong.
   */
  private void sync() throws PersistException {
    try {
      writeBacks.make(() -> libc.fsync(fd));
    } catch (ErrnoException e) {
      throw new PersistException(
          spec,
          offset(),
          spec.size().bytes(),
          e.call(),
          e.errno().toString(),
          remedy(Step.SYNC, e));
    }
  }

  /** Returns what to do about a failed call, as half a sentence. */
  private String remedy(Step step, ErrnoException e) {
    return Remedy.of(step, e, Scene.ofFile(libc, new BlockRequest(spec), fd));
  }

  /**
   * Allocates a range of the file, if the file system can. For the time of the call XFS reserves
   * the whole range once more, even if the file already has its blocks, and returns ENOSPC if there
   * is not that much: a file that has all its blocks is processed in smaller parts.
   */
  private void allocate(long from, long length) throws ErrnoException {
    while (true) {
      try {
        libc.fallocate(fd, 0, from, length);
        return;
      } catch (ErrnoException e) {
        if (e.is(Errno.EINTR)) {
          continue;
        }
        if (e.is(Errno.EOPNOTSUPP) || e.is(Errno.ENOSYS)) {
          LOG.warn(
              "memory backend '{}' on {}: the file system there can't set space aside ({}): a full"
                  + " disk will be met by the guest",
              spec.id(),
              spec.backing(),
              e.errno());
          return;
        }
        if (!e.is(Errno.ENOSPC) || length < 2 * LEAST_PART || !hasItsBlocks()) {
          throw e;
        }
        break;
      }
    }
    long half = length / 2 & -LEAST_PART;
    allocate(from, half);
    allocate(from + half, length - half);
  }

  /** Returns whether as many bytes are allocated to the file as it is long. */
  private boolean hasItsBlocks() throws ErrnoException {
    FileStatus status = libc.statx(fd);
    return status.blocks() >= status.size() / FileStatus.BLOCK;
  }

  /** Makes a new file's name durable by syncing its folder, fsync(2). */
  private void syncFolder() throws ErrnoException {
    if (spec.backing() instanceof Backing.File file) {
      syncFolderOf(file.path().toAbsolutePath());
    }
  }

  /**
   * Syncs the folder of a file that was found. Most such files have long had a durable name, so a
   * failure is only logged.
   */
  private void syncFolderOfFound() {
    if (!(spec.backing() instanceof Backing.File file)) {
      return;
    }
    try {
      syncFolderOf(file.path().toRealPath()); // not the folder of a link to it
    } catch (ErrnoException | IOException e) {
      LOG.info(
          "memory backend '{}' on {}: if the file is new, a power cut may take away its name, since"
              + " its folder could not be synced: {}",
          spec.id(),
          spec.backing(),
          e.getMessage());
    }
  }

  private void syncFolderOf(Path path) throws ErrnoException {
    Path parent = path.getParent();
    if (parent == null) {
      return;
    }
    int folder =
        libc.open(
            parent,
            KernelConstants.O_RDONLY | libc.constants().openDirectory() | KernelConstants.O_CLOEXEC,
            0);
    try {
      libc.fsync(folder);
    } finally {
      BackingOpener.closeQuietly(libc, folder);
    }
  }

  /**
   * Returns all calls that can report a failure to write this file back, and what they reported.
   */
  WriteBacks writeBacks() {
    return writeBacks;
  }

  /** Returns the first reported failure to write back; asks the kernel, too, if there is none. */
  Optional<WriteBackFailure> writeBackFailure() {
    Optional<WriteBackFailure> known = writeBacks.failure();
    return known.isPresent() || !isWrittenBack() ? known : writeBacks.look(libc, fd);
  }

  /**
   * Returns whether stores into the block are written to a medium by the kernel, in its own time.
   */
  private boolean isWrittenBack() {
    return kind == Kind.FILE && !isVolatile() && storesReachIt();
  }

  /** Returns the descriptor, -1 for anonymous memory. */
  public int fd() {
    return fd;
  }

  /**
   * Returns the identity of the file or device; empty if it never had a name, or if it can't be
   * read.
   */
  Optional<FileIdentity> identity() {
    if (origin == Origin.UNNAMED) {
      return Optional.empty();
    }
    try {
      return Optional.of(libc.statx(fd).identity(FileIdentity::new));
    } catch (ErrnoException e) {
      LOG.debug("memory backend '{}': {}", spec.id(), e.getMessage());
      return Optional.empty();
    }
  }

  /** Returns where in the file the block begins, in bytes. */
  public long offset() {
    return spec.offset().bytes();
  }

  /** Returns where in the file the block ends, in bytes. */
  private long end() {
    return offset() + spec.size().bytes();
  }

  /** Returns the kind of this backing. */
  public Kind kind() {
    return kind;
  }

  /** Returns the file system or device in words, for reports. */
  public String medium() {
    return medium;
  }

  /** Returns whether the content is lost in a power cut, or at the end of the process. */
  public boolean isVolatile() {
    return volatileMedium || origin == Origin.UNNAMED;
  }

  /** Returns why the content is lost then, as a sentence; empty if it isn't. */
  public String whyVolatile() {
    return switch (spec.backing()) {
      case Backing.Anonymous none -> "anonymous memory ends with the process";
      case Backing.Memfd memfd -> "a memfd ends with the process";
      case Backing.File folder when origin == Origin.UNNAMED ->
          "mem-path is a folder: the file made in it has no name and ends with the process";
      case Backing.File file when volatileMedium ->
          medium + " keeps its files in the host's memory, which a power cut takes away";
      case Backing.File file -> "";
    };
  }

  /** Returns the page size of mappings, in bytes. */
  public long pageSize() {
    return pageSize;
  }

  /** Returns the alignment of the host address. */
  public Alignment align() {
    return spec.align().orPageSize(pageSize);
  }

  /** Returns whether the guest's stores go into the file. */
  public boolean storesReachIt() {
    return spec.has(RamFlag.RAM_SHARED) && !spec.has(RamFlag.RAM_READONLY);
  }

  /**
   * Closes the file, which releases the lock. A failure to write back that was not reported before
   * is logged, since this is the last chance.
   */
  public void close() {
    if (!isWrittenBack() || writeBacks.failure().isPresent()) {
      closeQuietly();
      return;
    }
    writeBacks.look(libc, fd);
    try {
      libc.close(fd);
    } catch (ErrnoException e) {
      // Linux has released the descriptor whatever close(2) returns
      if (!e.is(Errno.EINTR)) {
        writeBacks.keep(e);
      }
    }
    writeBacks.failure().ifPresent(this::logLossAtTheEnd);
  }

  private void logLossAtTheEnd(WriteBackFailure failure) {
    LOG.error(
        "memory backend '{}' on {}: at its end it became known that the file could not be written"
            + " back ({}): whatever was stored since the last persist may be missing; check the file,"
            + " its disk and its file system",
        spec.id(),
        spec.backing(),
        failure.sentence());
  }

  private void closeQuietly() {
    if (kind != Kind.ANONYMOUS) {
      BackingOpener.closeQuietly(libc, fd);
    }
  }

  /**
   * Closes the file after another has taken over its content, so that nothing in it matters any
   * more.
   *
   * @param discardData whether the content is discarded first; the file keeps its length
   */
  void giveUp(boolean discardData) {
    if (discardData && kind == Kind.FILE && storesReachIt()) {
      try {
        libc.fallocate(fd, KernelConstants.FALLOC_PUNCH_HOLE, offset(), spec.size().bytes());
      } catch (ErrnoException e) {
        LOG.warn(
            "memory backend '{}' on {}: discard-data: {}", spec.id(), spec.backing(), e.errno());
      }
    }
    closeQuietly();
  }

  /**
   * Undoes {@link #open}: removes the file if it was created here, empties it if it was found
   * empty, unless another reader has it by now.
   */
  public void discard() {
    if (origin == Origin.CREATED && isOurs()) {
      BackingOpener.unlinkQuietly(libc, spec);
    } else if (grown && origin == Origin.FOUND && isOurs()) {
      try {
        libc.ftruncate(fd, 0);
      } catch (ErrnoException e) {
        LOG.warn(
            "memory backend '{}' on {}: could not be made empty again: {}",
            spec.id(),
            spec.backing(),
            e.errno());
      }
    }
    closeQuietly();
  }

  /**
   * Returns whether no other lock is held on the file; a block that stores nothing shares its lock.
   */
  private boolean isOurs() {
    try {
      libc.fcntlOfdSetlk(fd, true);
      return true;
    } catch (ErrnoException e) {
      return !e.is(Errno.EAGAIN) && !e.is(Errno.EACCES);
    }
  }
}
