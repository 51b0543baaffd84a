package holdfast.backend.mmap.internal;

import holdfast.backend.api.BackingLockedException;
import holdfast.backend.api.BackingOpenException;
import holdfast.backend.api.FileIdentity;
import holdfast.backend.api.RamBlockSpec;
import holdfast.backend.mmap.internal.BackingOpener.Origin;
import holdfast.host.linux.Errno;
import holdfast.host.linux.ErrnoException;
import holdfast.host.linux.Libc;
import holdfast.host.linux.Remedy;
import holdfast.host.linux.Scene;
import holdfast.host.linux.Step;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** An open file or device of a block: its descriptor and its lock, which lives as long. */
final class OpenFile {
  private static final Logger LOG = LoggerFactory.getLogger(OpenFile.class);

  private final Libc libc;
  private final RamBlockSpec spec;
  private final int fd;
  private final Origin origin;

  OpenFile(Libc libc, RamBlockSpec spec, int fd, Origin origin) {
    this.libc = libc;
    this.spec = spec;
    this.fd = fd;
    this.origin = origin;
  }

  int fd() {
    return fd;
  }

  Origin origin() {
    return origin;
  }

  /**
   * Locks the file for one writer or any number of readers, across processes: fcntl(2),
   * F_OFD_SETLK.
   *
   * @param exclusive whether to lock it for a writer
   * @param medium the file system or device in words, for reports
   */
  void lock(boolean exclusive, String medium) throws BackingLockedException {
    if (origin == Origin.UNNAMED) {
      return; // no other open can reach it
    }
    try {
      libc.fcntlOfdSetlk(fd, exclusive);
    } catch (ErrnoException e) {
      if (isLockedByOthers(e)) {
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

  /**
   * Returns whether no other lock is held on the file; a block that stores nothing shares its lock.
   */
  boolean isOurs() {
    try {
      libc.fcntlOfdSetlk(fd, true);
      return true;
    } catch (ErrnoException e) {
      return !isLockedByOthers(e);
    }
  }

  private static boolean isLockedByOthers(ErrnoException e) {
    return e.is(Errno.EAGAIN) || e.is(Errno.EACCES);
  }

  /**
   * Returns whether a file that was found has lost its name: another process created it, failed,
   * and removed it again between the open and the lock here. Stores into it would be lost.
   */
  boolean isGone() throws BackingOpenException {
    if (origin != Origin.FOUND) {
      return false;
    }
    try {
      return libc.statx(fd).links() == 0;
    } catch (ErrnoException e) {
      throw new BackingOpenException(spec, e.errno().toString(), remedy(Step.LOOK, e));
    }
  }

  /** Returns the identity of the file; empty if it never had a name, or if it can't be read. */
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

  /** Returns what to do about a failed call, as half a sentence. */
  String remedy(Step step, ErrnoException e) {
    return Remedy.of(step, e, Scene.ofFile(libc, new BlockRequest(spec), fd));
  }

  void closeQuietly() {
    BackingOpener.closeQuietly(libc, fd);
  }
}
