package holdfast.backend.mmap.internal;

import holdfast.backend.api.Backing;
import holdfast.backend.api.BackingSpaceException;
import holdfast.backend.api.FileIdentity;
import holdfast.backend.api.PersistException;
import holdfast.backend.api.RamBlockSpec;
import holdfast.backend.api.RamFlag;
import holdfast.backend.api.WriteBackFailure;
import holdfast.backend.mmap.internal.BackingOpener.Origin;
import holdfast.host.linux.Errno;
import holdfast.host.linux.ErrnoException;
import holdfast.host.linux.FileSystemStatus;
import holdfast.host.linux.KernelConstants;
import holdfast.host.linux.Libc;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** A regular file, on any file system; a memfd is one on an in-memory file system. */
final class FileStore implements BackingStore {
  private static final Logger LOG = LoggerFactory.getLogger(FileStore.class);

  private final Libc libc;
  private final RamBlockSpec spec;
  private final OpenFile file;
  private final FileSystemStatus fileSystem;
  private final long pageSize;
  private final WriteBacks writeBacks = new WriteBacks();
  private final SpaceReservation space;

  FileStore(Libc libc, RamBlockSpec spec, OpenFile file, FileSystemStatus fileSystem) {
    this.libc = libc;
    this.spec = spec;
    this.file = file;
    this.fileSystem = fileSystem;
    this.pageSize = fileSystem.isHugetlbfs() ? fileSystem.blockSize() : libc.getpagesize();
    this.space = new SpaceReservation(libc, this, file);
  }

  /** Provides the file's space: see {@link SpaceReservation#provide}. */
  void provideSpace() throws BackingSpaceException, PersistException {
    if (canGrow()) {
      space.provide();
    }
  }

  @Override
  public boolean canGrow() {
    return spec.inherited().isEmpty() // its owner has made it what it is
        && !spec.has(RamFlag.RAM_READONLY)
        && !spec.has(RamFlag.RAM_READONLY_FD);
  }

  @Override
  public RamBlockSpec spec() {
    return spec;
  }

  @Override
  public int fd() {
    return file.fd();
  }

  @Override
  public long length() throws ErrnoException {
    return libc.lseekEnd(file.fd());
  }

  @Override
  public String medium() {
    return fileSystem.name();
  }

  @Override
  public Optional<String> volatility() {
    if (spec.backing() instanceof Backing.Memfd) {
      return Optional.of("a memfd ends with the process");
    }
    if (file.origin() == Origin.UNNAMED) {
      return Optional.of(
          "mem-path is a folder: the file made in it has no name and ends with the process");
    }
    return fileSystem.isVolatile()
        ? Optional.of(
            medium() + " keeps its files in the host's memory, which a power cut takes away")
        : Optional.empty();
  }

  @Override
  public boolean isOnDax() throws ErrnoException {
    return libc.statx(file.fd()).dax();
  }

  @Override
  public long pageSize() {
    return pageSize;
  }

  @Override
  public Optional<FileIdentity> identity() {
    return file.identity();
  }

  @Override
  public WriteBacks writeBacks() {
    return writeBacks;
  }

  @Override
  public Optional<WriteBackFailure> writeBackFailure() {
    Optional<WriteBackFailure> known = writeBacks.failure();
    return known.isPresent() || !isWrittenBack() ? known : writeBacks.look(libc, file.fd());
  }

  /**
   * Returns whether stores into the block are written to a medium by the kernel, in its own time.
   */
  private boolean isWrittenBack() {
    return !isVolatile() && storesReachIt();
  }

  @Override
  public void close() {
    if (!isWrittenBack() || writeBacks.failure().isPresent()) {
      file.closeQuietly();
      return;
    }
    writeBacks.look(libc, file.fd());
    try {
      libc.close(file.fd());
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

  @Override
  public void giveUp(boolean discardData) {
    if (discardData && storesReachIt()) {
      try {
        libc.fallocate(file.fd(), KernelConstants.FALLOC_PUNCH_HOLE, offset(), spec.size().bytes());
      } catch (ErrnoException e) {
        LOG.warn(
            "memory backend '{}' on {}: discard-data: {}", spec.id(), spec.backing(), e.errno());
      }
    }
    file.closeQuietly();
  }

  @Override
  public void discard() {
    if (file.origin() == Origin.CREATED && file.isOurs()) {
      BackingOpener.unlinkQuietly(libc, spec);
    } else if (space.hasGrown() && file.origin() == Origin.FOUND && file.isOurs()) {
      try {
        libc.ftruncate(file.fd(), 0);
      } catch (ErrnoException e) {
        LOG.warn(
            "memory backend '{}' on {}: could not be made empty again: {}",
            spec.id(),
            spec.backing(),
            e.errno());
      }
    }
    file.closeQuietly();
  }
}
