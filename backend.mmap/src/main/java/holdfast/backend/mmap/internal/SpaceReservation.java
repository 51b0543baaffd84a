package holdfast.backend.mmap.internal;

import holdfast.backend.api.Backing;
import holdfast.backend.api.BackingSpaceException;
import holdfast.backend.api.ByteSize;
import holdfast.backend.api.PersistException;
import holdfast.backend.api.RamBlockSpec;
import holdfast.backend.api.RamFlag;
import holdfast.backend.mmap.internal.BackingOpener.Origin;
import holdfast.host.linux.Errno;
import holdfast.host.linux.ErrnoException;
import holdfast.host.linux.FileStatus;
import holdfast.host.linux.KernelConstants;
import holdfast.host.linux.Libc;
import holdfast.host.linux.Step;
import java.io.IOException;
import java.nio.file.Path;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Sets aside the space of a block in its file, and makes the file itself durable. */
final class SpaceReservation {
  private static final Logger LOG = LoggerFactory.getLogger(SpaceReservation.class);

  /**
   * The smallest part that an allocation is divided into; a multiple of every page size except huge
   * ones.
   */
  private static final long LEAST_PART = 1L << 20;

  private final Libc libc;
  private final BackingStore store;
  private final RamBlockSpec spec;
  private final OpenFile file;
  private boolean grown;

  SpaceReservation(Libc libc, BackingStore store, OpenFile file) {
    this.libc = libc;
    this.store = store;
    this.spec = store.spec();
    this.file = file;
  }

  /** Returns whether the file was empty, and was given its size here. */
  boolean hasGrown() {
    return grown;
  }

  /**
   * Provides the file's space. Grows an empty file to the block's end, allocates what the guest can
   * store into, so that a full disk is met here and not in the guest, and makes the file itself
   * durable: its size, its allocation and its name. That includes a file that was found, since the
   * process that created it may have been killed before it was durable.
   */
  void provide() throws BackingSpaceException, PersistException {
    Step step = Step.LOOK;
    try {
      if (libc.lseekEnd(file.fd()) == 0) {
        step = Step.GROW;
        grown = true;
        libc.ftruncate(file.fd(), store.end());
      }
      if (spec.backing() instanceof Backing.Memfd(boolean h, ByteSize s, boolean seal)) {
        if (seal) {
          step = Step.SEAL;
          libc.fcntlAddSeals(file.fd(), KernelConstants.F_SEAL_SIZE);
        }
        return;
      }
      if (store.storesReachIt() && !spec.has(RamFlag.RAM_NORESERVE)) {
        step = Step.ALLOCATE;
        allocate(store.offset(), spec.size().bytes());
      }
      if (store.isVolatile()) {
        return;
      }
      step = Step.SYNC;
      if (grown || store.storesReachIt()) {
        sync();
      }
      if (file.origin() == Origin.CREATED) {
        syncFolder();
      } else if (store.storesReachIt()) {
        syncFolderOfFound();
      }
    } catch (ErrnoException e) {
      throw new BackingSpaceException(spec, e.call(), e.errno().toString(), file.remedy(step, e));
    }
  }

  /**
   * Syncs the file. A loss from before the file was opened here, if not yet reported, is reported
   * now, and only once: the next start would find nothing wrong.
   */
  private void sync() throws PersistException {
    try {
      store.writeBacks().make(() -> libc.fsync(file.fd()));
    } catch (ErrnoException e) {
      throw new PersistException(
          spec,
          store.offset(),
          spec.size().bytes(),
          e.call(),
          e.errno().toString(),
          file.remedy(Step.SYNC, e));
    }
  }

  /**
   * Allocates a range of the file, if the file system can. For the time of the call XFS reserves
   * the whole range once more, even if the file already has its blocks, and returns ENOSPC if there
   * is not that much: a file that has all its blocks is processed in smaller parts.
   */
  private void allocate(long from, long length) throws ErrnoException {
    while (true) {
      try {
        libc.fallocate(file.fd(), 0, from, length);
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
    FileStatus status = libc.statx(file.fd());
    return status.blocks() >= status.size() / FileStatus.BLOCK;
  }

  /** Makes a new file's name durable by syncing its folder, fsync(2). */
  private void syncFolder() throws ErrnoException {
    if (spec.backing() instanceof Backing.File named) {
      syncFolderOf(named.path().toAbsolutePath());
    }
  }

  /**
   * Syncs the folder of a file that was found. Most such files have long had a durable name, so a
   * failure is only logged.
   */
  private void syncFolderOfFound() {
    if (!(spec.backing() instanceof Backing.File named)) {
      return;
    }
    try {
      syncFolderOf(named.path().toRealPath()); // not the folder of a link to it
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
            KernelConstants.O_RDONLY
                | libc.constants().openDirectory()
                | libc.constants().openCloexec(),
            0);
    try {
      libc.fsync(folder);
    } finally {
      BackingOpener.closeQuietly(libc, folder);
    }
  }
}
