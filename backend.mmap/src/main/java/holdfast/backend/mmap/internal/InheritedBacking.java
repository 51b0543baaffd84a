package holdfast.backend.mmap.internal;

import holdfast.backend.api.Backing;
import holdfast.backend.api.BackingKindException;
import holdfast.backend.api.BackingOpenException;
import holdfast.backend.api.FileIdentity;
import holdfast.backend.api.RamBlockException;
import holdfast.backend.api.RamBlockSpec;
import holdfast.backend.mmap.internal.BackingOpener.Opened;
import holdfast.backend.mmap.internal.BackingOpener.Origin;
import holdfast.host.linux.Errno;
import holdfast.host.linux.ErrnoException;
import holdfast.host.linux.FileStatus;
import holdfast.host.linux.KernelConstants;
import holdfast.host.linux.Libc;
import holdfast.host.linux.Remedy;
import holdfast.host.linux.Scene;
import holdfast.host.linux.Step;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Optional;

/**
 * A backing that another process has handed over as a descriptor, with the lock that is on it. It
 * is used only if it is what the operator has named.
 */
final class InheritedBacking {
  private static final String ASK_FOR_THE_SAME =
      "start this machine with the options that the other one has now";

  private final Libc libc;
  private final Path sysfs;
  private final RamBlockSpec spec;

  /**
   * @param sysfs where sysfs is mounted
   */
  InheritedBacking(Libc libc, Path sysfs, RamBlockSpec spec) {
    this.libc = libc;
    this.sysfs = sysfs;
    this.spec = spec;
  }

  /**
   * Opens it.
   *
   * @param given stays the giver's
   */
  Opened open(int given) throws RamBlockException {
    int fd;
    try {
      fd = libc.fcntlDupfdCloexec(given);
    } catch (ErrnoException e) {
      throw failure(e);
    }
    boolean opened = false;
    try {
      FileStatus status = libc.statx(fd);
      boolean named = requireAskedFor(status);
      Opened made =
          new Opened(
              fd, libc.fstatfs(fd), daxDevice(status), named ? Origin.FOUND : Origin.UNNAMED);
      opened = true;
      return made;
    } catch (ErrnoException e) {
      throw failure(e);
    } finally {
      if (!opened) {
        BackingOpener.closeQuietly(libc, fd);
      }
    }
  }

  private BackingOpenException failure(ErrnoException e) {
    return new BackingOpenException(
        spec,
        e.errno().toString(),
        Remedy.of(Step.OPEN, e, Scene.ofPath(libc, new BlockRequest(spec))));
  }

  /**
   * Checks that what was handed over is what the backing names.
   *
   * @return whether it has a name
   */
  private boolean requireAskedFor(FileStatus given) throws RamBlockException, ErrnoException {
    return switch (spec.backing()) {
      case Backing.Anonymous none ->
          throw new IllegalArgumentException("anonymous memory can't be handed over");
      case Backing.Memfd memfd -> {
        requireUnnamed(given, "a memfd");
        yield false;
      }
      case Backing.File file -> {
        Optional<FileStatus> there = there(file);
        if (there.isPresent() && there.get().type() == FileStatus.Type.DIRECTORY) {
          requireUnnamed(given, "a file without a name in that folder");
          yield false;
        }
        if (there.isEmpty() || !identity(there.get()).equals(identity(given))) {
          throw new BackingKindException(
              spec, "not the file that the other machine has handed over", ASK_FOR_THE_SAME);
        }
        yield true;
      }
    };
  }

  /** Looks at what is at the path, without opening it, since that may have side effects. */
  private Optional<FileStatus> there(Backing.File file) throws ErrnoException {
    KernelConstants k = libc.constants();
    int flags = k.openPath() | k.openCloexec() | (file.followsLink() ? 0 : k.openNofollow());
    int look;
    try {
      look = libc.open(file.path(), flags, 0);
    } catch (ErrnoException e) {
      if (e.is(Errno.ENOENT)) {
        return Optional.empty();
      }
      throw e;
    }
    try {
      return Optional.of(libc.statx(look));
    } finally {
      BackingOpener.closeQuietly(libc, look);
    }
  }

  private void requireUnnamed(FileStatus given, String asked) throws BackingKindException {
    if (given.type() != FileStatus.Type.REGULAR || given.links() != 0) {
      throw new BackingKindException(
          spec,
          asked + ", and the other machine has handed over " + given.type() + " with a name",
          ASK_FOR_THE_SAME);
    }
  }

  private static FileIdentity identity(FileStatus status) {
    return status.identity(FileIdentity::new);
  }

  private Optional<DaxDevice> daxDevice(FileStatus status) throws BackingKindException {
    if (status.type() != FileStatus.Type.CHARACTER_DEVICE) {
      return Optional.empty();
    }
    try {
      return DaxDevice.find(sysfs, status.specialMajor(), status.specialMinor());
    } catch (IOException e) {
      throw new BackingKindException(
          spec, "a DAX device whose size can't be read: " + e.getMessage(), "is sysfs mounted?");
    }
  }
}
