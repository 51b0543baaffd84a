package holdfast.backend.mmap.internal;

import holdfast.backend.api.Alignment;
import holdfast.backend.api.Backing;
import holdfast.backend.api.BackingKindException;
import holdfast.backend.api.BackingLockedException;
import holdfast.backend.api.BackingOpenException;
import holdfast.backend.api.BackingSizeException;
import holdfast.backend.api.BackingSpaceException;
import holdfast.backend.api.BlockAlignmentException;
import holdfast.backend.api.BlockSizeException;
import holdfast.backend.api.ByteSize;
import holdfast.backend.api.RamBlockException;
import holdfast.backend.api.RamBlockSpec;
import holdfast.backend.api.RamFlag;
import holdfast.backend.mmap.Errno;
import holdfast.backend.mmap.ErrnoException;
import holdfast.backend.mmap.FileStatus;
import holdfast.backend.mmap.FileSystemStatus;
import holdfast.backend.mmap.KernelConstants;
import holdfast.backend.mmap.Libc;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What a block's bytes live on: an open, locked file or DAX device of sufficient size, or nothing
 * but memory. Passed on from block to block when a live region is re-mapped, so that the file stays
 * the same one and its lock is never given up.
 */
public final class BackingStore {
  private static final Logger LOG = LoggerFactory.getLogger(BackingStore.class);
  private static final int OPEN_ATTEMPTS = 16;
  private static final int NO_FD = -1;

  /** The three kinds of backing, which differ in how they are mapped and persisted. */
  public enum Kind {
    /** Memory of the process. */
    ANONYMOUS,
    /** A regular file, on whatever file system. */
    FILE,
    /** A device-DAX character device: no file system, and msync(2) does nothing for it. */
    DAX_DEVICE
  }

  private final Libc libc;
  private final RamBlockSpec spec;
  private final int fd;
  private final Kind kind;
  private final String medium;
  private final boolean volatileMedium;
  private final long pageSize;
  private final Optional<DaxDevice> dax;
  private final boolean created;
  private boolean grown;

  private BackingStore(
      Libc libc,
      RamBlockSpec spec,
      int fd,
      Kind kind,
      FileSystemStatus fileSystem,
      Optional<DaxDevice> dax,
      boolean created) {
    this.libc = libc;
    this.spec = spec;
    this.fd = fd;
    this.kind = kind;
    this.dax = dax;
    this.created = created;
    this.medium =
        switch (kind) {
          case ANONYMOUS -> "anonymous memory";
          case FILE -> fileSystem.name();
          case DAX_DEVICE -> "device DAX";
        };
    this.volatileMedium = kind == Kind.ANONYMOUS || kind == Kind.FILE && fileSystem.isVolatile();
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
    BackingStore store =
        switch (spec.backing()) {
          case Backing.Anonymous none ->
              new BackingStore(
                  libc,
                  spec,
                  NO_FD,
                  Kind.ANONYMOUS,
                  new FileSystemStatus(0, 0),
                  Optional.empty(),
                  false);
          case Backing.File(Path path) -> openPath(libc, sysfs, spec, path);
        };
    try {
      store.lock();
    } catch (RamBlockException | RuntimeException | Error e) {
      store.close(); // whoever holds the lock has taken over the file, even one created here
      throw e;
    }
    try {
      store.checkGeometry();
      store.provideSpace();
      return store;
    } catch (RamBlockException | RuntimeException | Error e) {
      store.discard();
      throw e;
    }
  }

  private static BackingStore openPath(Libc libc, Path sysfs, RamBlockSpec spec, Path path)
      throws RamBlockException {
    KernelConstants k = libc.constants();
    boolean readOnly = spec.has(RamFlag.RAM_READONLY);
    for (int attempt = 0; attempt < OPEN_ATTEMPTS; attempt++) {
      try {
        // O_PATH looks without touching: opening a FIFO, a terminal or a tape has side effects
        int look =
            libc.open(
                path, KernelConstants.O_PATH | k.openNofollow() | KernelConstants.O_CLOEXEC, 0);
        try {
          return openFound(libc, sysfs, spec, look, readOnly);
        } finally {
          closeQuietly(libc, look);
        }
      } catch (ErrnoException e) {
        if (e.is(Errno.EINTR)) {
          continue;
        }
        if (!e.is(Errno.ENOENT) || readOnly) {
          throw openFailure(spec, e);
        }
      }
      Optional<BackingStore> made = create(libc, spec, path);
      if (made.isPresent()) {
        return made.get();
      }
    }
    throw new BackingOpenException(
        spec,
        "it keeps appearing and vanishing",
        "find out which other program creates and removes it");
  }

  private static BackingStore openFound(
      Libc libc, Path sysfs, RamBlockSpec spec, int look, boolean readOnly)
      throws RamBlockException, ErrnoException {
    FileStatus status = libc.statx(look);
    Optional<DaxDevice> dax = Optional.empty();
    switch (status.type()) {
      case REGULAR -> {}
      case CHARACTER_DEVICE -> {
        dax = findDaxDevice(sysfs, spec, status);
        if (dax.isEmpty()) {
          throw unsuitable(spec, status.type());
        }
      }
      default -> throw unsuitable(spec, status.type());
    }
    // the very file that was looked at, whatever stands at the path by now
    int flags =
        (readOnly ? KernelConstants.O_RDONLY : KernelConstants.O_RDWR) | KernelConstants.O_CLOEXEC;
    int fd = libc.open(Path.of("/proc/self/fd/" + look), flags, 0);
    return adopt(libc, spec, fd, dax, false);
  }

  private static Optional<DaxDevice> findDaxDevice(Path sysfs, RamBlockSpec spec, FileStatus status)
      throws RamBlockException {
    try {
      return DaxDevice.find(sysfs, status.specialMajor(), status.specialMinor());
    } catch (IOException e) {
      throw new BackingKindException(
          spec, "a DAX device whose size can't be read: " + e.getMessage(), "is sysfs mounted?");
    }
  }

  private static BackingKindException unsuitable(RamBlockSpec spec, FileStatus.Type type) {
    String advice =
        switch (type) {
          case SYMBOLIC_LINK -> "a link is not followed, so name the file that it points to";
          case DIRECTORY -> "name a file in it; one that does not exist is created";
          default -> "name a regular file or a DAX device";
        };
    return new BackingKindException(spec, type.toString(), advice);
  }

  /** Creates the file; empty if somebody else made it in between. */
  private static Optional<BackingStore> create(Libc libc, RamBlockSpec spec, Path path)
      throws RamBlockException {
    int flags =
        KernelConstants.O_RDWR
            | KernelConstants.O_CREAT
            | KernelConstants.O_EXCL
            | KernelConstants.O_CLOEXEC;
    try {
      return Optional.of(adopt(libc, spec, libc.open(path, flags, 0600), Optional.empty(), true));
    } catch (ErrnoException e) {
      if (e.is(Errno.EEXIST) || e.is(Errno.EINTR)) {
        return Optional.empty();
      }
      throw openFailure(spec, e);
    }
  }

  private static BackingStore adopt(
      Libc libc, RamBlockSpec spec, int fd, Optional<DaxDevice> dax, boolean created)
      throws ErrnoException {
    try {
      Kind kind = dax.isPresent() ? Kind.DAX_DEVICE : Kind.FILE;
      return new BackingStore(libc, spec, fd, kind, libc.fstatfs(fd), dax, created);
    } catch (ErrnoException | RuntimeException | Error e) {
      closeQuietly(libc, fd);
      if (created) {
        unlinkQuietly(libc, spec);
      }
      throw e;
    }
  }

  private static BackingOpenException openFailure(RamBlockSpec spec, ErrnoException e) {
    String advice =
        switch (e.errno().value()) {
          case Errno.ENOENT -> "check the path, and create the folder it is in";
          case Errno.EACCES -> "check the permissions of the file and its folder";
          default -> "check the path";
        };
    return new BackingOpenException(spec, e.errno().toString(), advice);
  }

  /** One writer or any number of readers, across processes: fcntl(2), F_OFD_SETLK. */
  private void lock() throws RamBlockException {
    if (kind == Kind.ANONYMOUS) {
      return;
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

  /** The checks in the order in which QEMU makes them. */
  private void checkGeometry() throws RamBlockException {
    if (kind != Kind.ANONYMOUS) {
      long actual = size();
      boolean empty = actual == 0 && kind == Kind.FILE && !spec.has(RamFlag.RAM_READONLY);
      if (!empty && actual < spec.size().bytes()) {
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
    if (spec.size().bytes() % unit != 0) {
      throw new BlockSizeException(spec, new ByteSize(unit));
    }
  }

  /** How many bytes there are now. */
  private long size() throws RamBlockException {
    if (dax.isPresent()) {
      return dax.get().size();
    }
    try {
      return libc.lseekEnd(fd);
    } catch (ErrnoException e) {
      throw openFailure(spec, e);
    }
  }

  /**
   * Grows an empty file to the block's size, allocates what the guest can store into, so that a
   * full disk is met here and not in the guest, and makes the file itself durable: its size, its
   * allocation and, if it is new, its name.
   */
  private void provideSpace() throws RamBlockException {
    if (kind != Kind.FILE || spec.has(RamFlag.RAM_READONLY)) {
      return;
    }
    long size = spec.size().bytes();
    try {
      if (libc.lseekEnd(fd) == 0) {
        grown = true;
        libc.ftruncate(fd, size);
      }
      boolean allocated = storesReachIt() && !spec.has(RamFlag.RAM_NORESERVE) && allocate(size);
      if (!volatileMedium && (grown || allocated)) {
        libc.fsync(fd);
      }
      if (created) {
        syncFolder();
      }
    } catch (ErrnoException e) {
      throw new BackingSpaceException(spec, e.call(), e.errno().toString());
    }
  }

  /** Allocates the file's first {@code size} bytes; false on a file system that can't. */
  private boolean allocate(long size) throws ErrnoException {
    while (true) {
      try {
        libc.fallocate(fd, 0, 0, size);
        return true;
      } catch (ErrnoException e) {
        if (e.is(Errno.EINTR)) {
          continue;
        }
        if (e.is(Errno.EOPNOTSUPP) || e.is(Errno.ENOSYS)) {
          LOG.info(
              "memory backend '{}' on {}: {} can't set space aside: {}",
              spec.id(),
              spec.backing(),
              medium,
              e.errno());
          return false;
        }
        throw e;
      }
    }
  }

  /** A new file's name is durable when its folder is, fsync(2). */
  private void syncFolder() throws ErrnoException {
    if (volatileMedium || !(spec.backing() instanceof Backing.File(Path path))) {
      return;
    }
    Path parent = path.toAbsolutePath().getParent();
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
      closeQuietly(libc, folder);
    }
  }

  /** The descriptor, -1 for anonymous memory. */
  public int fd() {
    return fd;
  }

  /** What kind of backing this is. */
  public Kind kind() {
    return kind;
  }

  /** File system or device in words, for reports. */
  public String medium() {
    return medium;
  }

  /** Whether a power cut takes the whole medium away. */
  public boolean isVolatile() {
    return volatileMedium;
  }

  /** The page size of mappings, in bytes. */
  public long pageSize() {
    return pageSize;
  }

  /** The alignment that the host address gets. */
  public Alignment align() {
    return spec.align().orPageSize(pageSize);
  }

  private boolean storesReachIt() {
    return spec.has(RamFlag.RAM_SHARED) && !spec.has(RamFlag.RAM_READONLY);
  }

  /** Closes the file and with it gives up the lock. */
  public void close() {
    if (kind != Kind.ANONYMOUS) {
      closeQuietly(libc, fd);
    }
  }

  /**
   * Undoes {@link #open}: the file is gone if it was made here, empty if it was found empty, unless
   * another reader has it by now.
   */
  public void discard() {
    if (created && isOurs()) {
      unlinkQuietly(libc, spec);
    } else if (grown && isOurs()) {
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
    close();
  }

  /** Whether nobody else has locked the file; a block that stores nothing shares its lock. */
  private boolean isOurs() {
    try {
      libc.fcntlOfdSetlk(fd, true);
      return true;
    } catch (ErrnoException e) {
      return !e.is(Errno.EAGAIN) && !e.is(Errno.EACCES);
    }
  }

  private static void unlinkQuietly(Libc libc, RamBlockSpec spec) {
    if (spec.backing() instanceof Backing.File(Path path)) {
      try {
        libc.unlink(path);
      } catch (ErrnoException e) {
        LOG.warn("{}: could not be removed again: {}", path, e.errno());
      }
    }
  }

  private static void closeQuietly(Libc libc, int fd) {
    try {
      libc.close(fd);
    } catch (ErrnoException e) {
      // Linux has given the descriptor up whatever close(2) answers
      LOG.debug("close: {}", e.errno().toString());
    }
  }
}
