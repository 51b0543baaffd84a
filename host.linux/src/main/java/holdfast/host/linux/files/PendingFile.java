package holdfast.host.linux.files;

import holdfast.host.linux.Errno;
import holdfast.host.linux.ErrnoException;
import holdfast.host.linux.FileStatus;
import holdfast.host.linux.HostLibc;
import holdfast.host.linux.KernelConstants;
import holdfast.host.linux.Libc;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A file that is written next to its target, under the target's name and a suffix, and takes the
 * target's name when it is complete and durable. At any moment, also after the process or the power
 * failed, there is the old file or all of the new one.
 *
 * <p>The file is created new and private (O_EXCL, mode 0600), and no symbolic link is followed,
 * neither at the suffixed name nor at the target, which is replaced and not written into. The file
 * is locked while it is pending. The lock distinguishes a file that is being written from one that
 * a killed process left under the suffixed name; the next writer removes the latter.
 *
 * <p>Not thread-safe.
 */
public final class PendingFile implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(PendingFile.class);

  /** How often to try again when other processes interfere. */
  private static final int ATTEMPTS = 16;

  private static final int OWN_USE = 0600;

  private final Libc libc;
  private final Path target;
  private final Path pending;
  private final HeldFile held;
  private final FileChannel channel;

  /** Whether the suffixed name still belongs to this file. */
  private boolean named = true;

  private boolean bearsTarget;

  /** Whether this object still has to release the lock. */
  private boolean holding = true;

  private PendingFile(Libc libc, Path target, Path pending, HeldFile held, FileChannel channel) {
    this.libc = libc;
    this.target = target;
    this.pending = pending;
    this.held = held;
    this.channel = channel;
  }

  /**
   * Makes an empty file as {@link #beside(Libc, Path, String)} does, with the C library of this
   * process.
   */
  public static PendingFile beside(Path target, String suffix) throws IOException {
    return beside(HostLibc.instance(), target, suffix);
  }

  /**
   * Makes an empty file next to the target.
   *
   * @param target the name that it is to get
   * @param suffix what is appended to that name until then, such as {@code .new}
   * @throws IOException if it can't be made, or if the file at the suffixed name can't be removed
   *     or is being written
   */
  public static PendingFile beside(Libc libc, Path target, String suffix) throws IOException {
    Path absolute = target.toAbsolutePath();
    Path pending = absolute.resolveSibling(absolute.getFileName() + suffix);
    for (int attempt = 0; attempt < ATTEMPTS; attempt++) {
      Optional<HeldFile> made = make(libc, pending);
      if (made.isPresent()) {
        HeldFile held = made.get();
        try {
          FileChannel channel =
              FileChannel.open(FoundFile.link(held.fd()), StandardOpenOption.WRITE);
          return new PendingFile(libc, absolute, pending, held, channel);
        } catch (IOException | RuntimeException | Error e) {
          Files.deleteIfExists(pending);
          held.close();
          throw e;
        }
      }
    }
    throw new FileSystemException(
        pending.toString(), null, "it keeps appearing and vanishing: find out who makes it");
  }

  /** Makes the file; empty if another process interfered, so that it is to be tried again. */
  private static Optional<HeldFile> make(Libc libc, Path pending) throws IOException {
    int flags =
        KernelConstants.O_RDWR
            | libc.constants().openCreat()
            | libc.constants().openExcl()
            | libc.constants().openCloexec();
    int fd;
    try {
      fd = FoundFile.open(libc, pending, flags, OWN_USE);
    } catch (ErrnoException e) {
      if (e.is(Errno.EEXIST)) {
        removeLeftover(libc, pending);
        return Optional.empty();
      }
      throw FoundFile.failure(pending, e);
    }
    try {
      lock(libc, fd, pending);
      FileStatus status = libc.statx(fd);
      if (status.links() > 0) {
        return Optional.of(new HeldFile(libc, fd, status));
      }
    } catch (ErrnoException e) {
      if (!HeldFile.isSomebodyElses(e)) {
        FoundFile.close(libc, fd);
        Files.deleteIfExists(pending);
        throw FoundFile.failure(pending, e);
      }
    }
    // between its creation and its lock here, another process took it for a leftover
    FoundFile.close(libc, fd);
    return Optional.empty();
  }

  private static void lock(Libc libc, int fd, Path pending) throws ErrnoException {
    try {
      libc.fcntlOfdSetlk(fd, true);
    } catch (ErrnoException e) {
      if (HeldFile.isSomebodyElses(e)) {
        throw e;
      }
      LOG.debug("{} can't be locked there: {}", pending, e.getMessage());
    }
  }

  /**
   * Removes what a killed process left under the suffixed name, if anything.
   *
   * @param suffix as in {@link #beside}
   * @throws IOException if it can't be removed, or another process is writing it
   */
  public static void removeLeftover(Path target, String suffix) throws IOException {
    Path absolute = target.toAbsolutePath();
    removeLeftover(HostLibc.instance(), absolute.resolveSibling(absolute.getFileName() + suffix));
  }

  private static void removeLeftover(Libc libc, Path pending) throws IOException {
    try (FoundFile found = FoundFile.at(libc, pending).orElse(null)) {
      if (found == null) {
        return;
      }
      if (found.status().type() != FileStatus.Type.REGULAR) {
        libc.unlink(pending); // doesn't follow a link, and leaves a folder alone
        LOG.warn("{}: removed {} that was in the way", pending, found.status().type());
        return;
      }
      try (HeldFile held = found.hold().orElse(null)) {
        if (held == null) {
          throw new FileSystemException(
              pending.toString(), null, "another process is writing it: wait for its end");
        }
        if (held.isAt(pending)) {
          Files.deleteIfExists(pending);
          LOG.info("{}: removed; a process that was killed had left it", pending);
        }
      }
    } catch (ErrnoException e) {
      throw FoundFile.failure(pending, e);
    }
  }

  /**
   * Replaces a whole file durably.
   *
   * @throws IOException if that can't be done; the target may have been replaced before the failure
   */
  public static void replace(Path target, byte[] content) throws IOException {
    try (PendingFile file = beside(target, ".new")) {
      file.write(content);
      file.replaceTarget();
    }
  }

  /** Returns the channel to write into. */
  public FileChannel channel() {
    return channel;
  }

  /** Appends bytes to those written so far. */
  public void write(byte[] bytes) throws IOException {
    ByteBuffer left = ByteBuffer.wrap(bytes);
    try {
      while (left.hasRemaining()) {
        channel.write(left);
      }
    } catch (IOException e) { // which doesn't name the file
      FileSystemException named =
          new FileSystemException(pending.toString(), null, "write: " + e.getMessage());
      named.initCause(e);
      throw named;
    }
  }

  /**
   * Makes the file durable under the target's name, replacing what is there.
   *
   * @throws IOException if that can't be done; the file may have that name before the failure
   */
  public void replaceTarget() throws IOException {
    sync();
    rename();
    syncFolder(target);
  }

  /**
   * Makes the file durable under the target's name, which must not exist.
   *
   * @throws FileAlreadyExistsException if something is there, even if only a symbolic link
   * @throws IOException if it can't be done; the file may have that name before the failure
   */
  public void becomeTarget() throws IOException {
    sync();
    if (link()) {
      named = false;
      bearsTarget = true;
      Files.delete(pending);
    } else {
      rename();
    }
    syncFolder(target);
  }

  /**
   * Links the target's name to the file: unlike rename(2), link(2) replaces nothing. Returns false
   * if there are no hard links.
   */
  private boolean link() throws IOException {
    try {
      Files.createLink(target, pending);
      return true;
    } catch (FileAlreadyExistsException e) {
      throw e;
    } catch (FileSystemException | UnsupportedOperationException e) {
      LOG.debug("{}: no hard links there: {}", target, e.toString());
    }
    if (FoundFile.at(libc, target).map(PendingFile::closed).isPresent()) {
      throw new FileAlreadyExistsException(target.toString());
    }
    return false;
  }

  private void rename() throws IOException {
    Files.move(pending, target, StandardCopyOption.ATOMIC_MOVE);
    named = false;
    bearsTarget = true;
  }

  private static boolean closed(FoundFile found) {
    found.close();
    return true;
  }

  /** Returns whether the file has the target's name, though that may not be durable. */
  public boolean bearsTarget() {
    return bearsTarget;
  }

  /**
   * Hands over the lock, which stays on the file under whatever name. {@link #close} does not
   * release it any more.
   */
  public HeldFile keepHeld() {
    holding = false;
    return held;
  }

  /** Makes the file durable under the suffixed name, which it keeps. */
  public void leave() throws IOException {
    named = false;
    sync();
    syncFolder(pending);
  }

  /** Returns the name that the file has until it is complete. */
  public Path pending() {
    return pending;
  }

  /** Makes what was written so far durable, so that there is less to do when it is complete. */
  public void sync() throws IOException {
    try {
      libc.fsync(held.fd());
    } catch (ErrnoException e) {
      throw FoundFile.failure(pending, e);
    }
  }

  /**
   * Removes a file durably; if it is a symbolic link, the link itself.
   *
   * @return whether it was there
   */
  public static boolean remove(Path file) throws IOException {
    boolean there = Files.deleteIfExists(file);
    if (there) {
      syncFolder(file);
    }
    return there;
  }

  /** Makes a file's name durable by syncing its folder, fsync(2). */
  private static void syncFolder(Path file) throws IOException {
    try (FileChannel folder =
        FileChannel.open(file.toAbsolutePath().getParent(), StandardOpenOption.READ)) {
      folder.force(true);
    }
  }

  /**
   * Removes the file, unless it has the target's name or was {@linkplain #leave left}, and releases
   * the lock.
   */
  @Override
  public void close() throws IOException {
    try (channel) {
      if (named) {
        Files.deleteIfExists(pending);
      }
    } finally {
      if (holding) {
        held.close();
      }
    }
  }
}
