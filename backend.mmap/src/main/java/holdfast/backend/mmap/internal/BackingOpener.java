package holdfast.backend.mmap.internal;

import holdfast.backend.api.Backing;
import holdfast.backend.api.BackingKindException;
import holdfast.backend.api.BackingOpenException;
import holdfast.backend.api.MappingException;
import holdfast.backend.api.RamBlockException;
import holdfast.backend.api.RamBlockSpec;
import holdfast.backend.api.RamFlag;
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
import java.util.HexFormat;
import java.util.Optional;
import java.util.random.RandomGenerator;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Finds or makes the file or device of a block, and opens it. */
final class BackingOpener {
  private static final Logger LOG = LoggerFactory.getLogger(BackingOpener.class);

  /** How often to try again when other processes interfere. */
  static final int ATTEMPTS = 16;

  private final Libc libc;
  private final KernelConstants k;
  private final Path sysfs;
  private final RamBlockSpec spec;
  private final boolean readOnly;

  /** The origin of an open backing. */
  enum Origin {
    /** It existed before. */
    FOUND,
    /** It was created here, under its name. */
    CREATED,
    /** It was created here without a name, and ends with its descriptor. */
    UNNAMED
  }

  /**
   * An open backing.
   *
   * @param fd the descriptor
   * @param dax its attributes if it is a DAX device
   */
  record Opened(int fd, FileSystemStatus fileSystem, Optional<DaxDevice> dax, Origin origin) {}

  /**
   * @param sysfs where sysfs is mounted
   */
  BackingOpener(Libc libc, Path sysfs, RamBlockSpec spec) {
    this.libc = libc;
    this.k = libc.constants();
    this.sysfs = sysfs;
    this.spec = spec;
    this.readOnly = spec.has(RamFlag.RAM_READONLY) || spec.has(RamFlag.RAM_READONLY_FD);
  }

  /**
   * Opens the backing.
   *
   * @throws RamBlockException one type per cause; nothing is left behind
   */
  Opened open() throws RamBlockException {
    if (spec.inherited().isPresent()) {
      return new InheritedBacking(libc, sysfs, spec).open(spec.inherited().getAsInt());
    }
    return switch (spec.backing()) {
      case Backing.Anonymous none ->
          throw new IllegalArgumentException("anonymous memory has nothing to open");
      case Backing.Memfd memfd -> openMemfd(memfd);
      case Backing.File file -> openPath(file);
    };
  }

  private Opened openMemfd(Backing.Memfd memfd) throws MappingException {
    int flags = KernelConstants.MFD_CLOEXEC;
    if (memfd.seal()) {
      flags |= KernelConstants.MFD_ALLOW_SEALING;
    }
    if (memfd.hugetlb()) {
      long size = memfd.hugetlbSize().bytes();
      flags |= KernelConstants.MFD_HUGETLB;
      flags |= size == 0 ? 0 : Long.numberOfTrailingZeros(size) << KernelConstants.MAP_HUGE_SHIFT;
    }
    try {
      return adopt(libc.memfdCreate(spec.id().value(), flags), Optional.empty(), Origin.UNNAMED);
    } catch (ErrnoException e) {
      throw new MappingException(
          spec,
          e.call() + (memfd.hugetlb() ? " (MFD_HUGETLB)" : ""),
          e.errno().toString(),
          Remedy.of(Step.MEMFD, e, Scene.of(new BlockRequest(spec))));
    }
  }

  private Opened openPath(Backing.File file) throws RamBlockException {
    int looking = k.openPath() | k.openCloexec() | (file.followsLink() ? 0 : k.openNofollow());
    for (int attempt = 0; attempt < ATTEMPTS; attempt++) {
      try {
        // O_PATH does not really open: opening a FIFO, a terminal or a tape has side effects
        int look = libc.open(file.path(), looking, 0);
        try {
          return openFound(file, look);
        } finally {
          closeQuietly(libc, look);
        }
      } catch (ErrnoException e) {
        if (e.is(Errno.EINTR)) {
          continue;
        }
        if (!e.is(Errno.ENOENT) || readOnly) {
          throw openFailure(Step.OPEN, e);
        }
      }
      Optional<Opened> made = create(file.path());
      if (made.isPresent()) {
        return made.get();
      }
    }
    throw keepsVanishing(spec);
  }

  static BackingOpenException keepsVanishing(RamBlockSpec spec) {
    return new BackingOpenException(
        spec,
        "it keeps appearing and vanishing",
        "if it is a symbolic link, create the file that it points to; else find out which other"
            + " program creates and removes it");
  }

  private Opened openFound(Backing.File file, int look) throws RamBlockException, ErrnoException {
    FileStatus status = libc.statx(look);
    Optional<DaxDevice> dax = Optional.empty();
    switch (status.type()) {
      case REGULAR -> {}
      case CHARACTER_DEVICE -> {
        dax = findDaxDevice(status);
        if (dax.isEmpty()) {
          throw unsuitable(status.type());
        }
      }
      case DIRECTORY -> {
        return openUnnamed(file.path());
      }
      default -> throw unsuitable(status.type());
    }
    int flags = (readOnly ? KernelConstants.O_RDONLY : KernelConstants.O_RDWR) | k.openCloexec();
    // the same file that was examined, whatever is at the path by now
    Path found = Path.of("/proc/self/fd/" + look);
    try {
      return adopt(libc.open(found, flags, 0), dax, Origin.FOUND);
    } catch (ErrnoException e) {
      if (e.is(Errno.EACCES) || e.is(Errno.EROFS)) {
        throw notWritable(found, e);
      }
      throw e;
    }
  }

  private Optional<DaxDevice> findDaxDevice(FileStatus status) throws BackingKindException {
    try {
      return DaxDevice.find(sysfs, status.specialMajor(), status.specialMinor());
    } catch (IOException e) {
      throw new BackingKindException(
          spec, "a DAX device whose size can't be read: " + e.getMessage(), "is sysfs mounted?");
    }
  }

  private BackingKindException unsuitable(FileStatus.Type type) {
    return new BackingKindException(
        spec,
        type.toString(),
        type == FileStatus.Type.SYMBOLIC_LINK
            ? "a link is not followed, so name the file that it points to, or set"
                + " x-follow-symlink=on"
            : "name a regular file, a folder or a DAX device");
  }

  /**
   * Returns the exception for a file that can't be written; if it could serve as a template,
   * suggests that.
   */
  private BackingOpenException notWritable(Path found, ErrnoException e) {
    if (!readOnly && !spec.has(RamFlag.RAM_SHARED)) {
      try {
        closeQuietly(libc, libc.open(found, KernelConstants.O_RDONLY | k.openCloexec(), 0));
        return new BackingOpenException(
            spec,
            e.errno().toString(),
            "it can be read: set readonly=on,rom=off to start from it and leave it as it is");
      } catch (ErrnoException notReadable) {
        LOG.debug("{}: {}", spec.backing(), notReadable.getMessage());
      }
    }
    return openFailure(Step.OPEN, e);
  }

  private Opened openUnnamed(Path folder) throws RamBlockException, ErrnoException {
    try {
      return createUnnamed(folder);
    } catch (ErrnoException e) {
      if (e.is(Errno.EINTR)) {
        throw e; // to be tried again
      }
      throw openFailure(Step.CREATE, e);
    }
  }

  /** Creates a file in a folder without a name, or with one only until it is open. */
  private Opened createUnnamed(Path folder) throws RamBlockException, ErrnoException {
    if (readOnly) {
      throw new BackingKindException(
          spec,
          "a folder, in which a new file would be made, and readonly=on would leave it zero for"
              + " ever",
          "name a file, or set readonly=off");
    }
    int flags = KernelConstants.O_RDWR | k.openCloexec();
    try {
      return adopt(
          libc.open(folder, flags | k.openTmpfile(), 0600), Optional.empty(), Origin.UNNAMED);
    } catch (ErrnoException e) {
      // open(2): EOPNOTSUPP from file systems, EISDIR and ENOENT from kernels without O_TMPFILE
      if (!e.is(Errno.EOPNOTSUPP) && !e.is(Errno.EISDIR) && !e.is(Errno.ENOENT)) {
        throw e;
      }
    }
    String suffix = HexFormat.of().toHexDigits(RandomGenerator.getDefault().nextLong());
    Path file = folder.resolve("holdfast-" + spec.id() + "." + suffix);
    int fd = libc.open(file, flags | k.openCreat() | k.openExcl(), 0600);
    try {
      libc.unlink(file);
    } catch (ErrnoException e) {
      closeQuietly(libc, fd);
      throw e;
    }
    return adopt(fd, Optional.empty(), Origin.UNNAMED);
  }

  /** Creates the file; empty if another process created it in between. */
  private Optional<Opened> create(Path path) throws BackingOpenException {
    int flags = KernelConstants.O_RDWR | k.openCreat() | k.openExcl() | k.openCloexec();
    try {
      return Optional.of(adopt(libc.open(path, flags, 0600), Optional.empty(), Origin.CREATED));
    } catch (ErrnoException e) {
      if (e.is(Errno.EEXIST) || e.is(Errno.EINTR)) {
        return Optional.empty();
      }
      throw openFailure(Step.CREATE, e);
    }
  }

  private Opened adopt(int fd, Optional<DaxDevice> dax, Origin origin) throws ErrnoException {
    try {
      return new Opened(fd, libc.fstatfs(fd), dax, origin);
    } catch (ErrnoException | RuntimeException | Error e) {
      closeQuietly(libc, fd);
      if (origin == Origin.CREATED) {
        unlinkQuietly(libc, spec);
      }
      throw e;
    }
  }

  private BackingOpenException openFailure(Step step, ErrnoException e) {
    return new BackingOpenException(
        spec, e.errno().toString(), Remedy.of(step, e, Scene.ofPath(libc, new BlockRequest(spec))));
  }

  static void unlinkQuietly(Libc libc, RamBlockSpec spec) {
    if (spec.backing() instanceof Backing.File file) {
      try {
        libc.unlink(file.path());
      } catch (ErrnoException e) {
        LOG.warn("{}: could not be removed again: {}", file, e.errno());
      }
    }
  }

  static void closeQuietly(Libc libc, int fd) {
    try {
      libc.close(fd);
    } catch (ErrnoException e) {
      // Linux has released the descriptor whatever close(2) returns
      LOG.debug("close: {}", e.errno().toString());
    }
  }
}
