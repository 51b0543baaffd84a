package holdfast.backend.mmap.files;

import holdfast.backend.api.FileIdentity;
import holdfast.backend.mmap.Errno;
import holdfast.backend.mmap.ErrnoException;
import holdfast.backend.mmap.Libc;
import java.io.IOException;
import java.nio.file.Path;

/**
 * A lock on a file, an open file description's (fcntl(2), F_OFD_SETLK): other processes meet it,
 * and so do others in this one; it ends with {@link #close} and with the process.
 */
public final class HeldFile implements AutoCloseable {
  private final Libc libc;
  private final int fd;
  private final FileIdentity identity;

  /**
   * @param fd open and locked; closed with this
   */
  HeldFile(Libc libc, int fd, FileIdentity identity) {
    this.libc = libc;
    this.fd = fd;
    this.identity = identity;
  }

  static boolean isSomebodyElses(ErrnoException e) {
    return e.is(Errno.EAGAIN) || e.is(Errno.EACCES);
  }

  /** Whether the file is the one at a path, and not a link there, at this moment. */
  public boolean isAt(Path path) throws IOException {
    try (FoundFile found = FoundFile.at(libc, path).orElse(null)) {
      return found != null && found.status().identity().equals(identity);
    }
  }

  int fd() {
    return fd;
  }

  @Override
  public void close() {
    FoundFile.close(libc, fd);
  }
}
