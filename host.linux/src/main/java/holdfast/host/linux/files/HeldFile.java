package holdfast.host.linux.files;

import holdfast.host.linux.Errno;
import holdfast.host.linux.ErrnoException;
import holdfast.host.linux.FileStatus;
import holdfast.host.linux.Libc;
import java.io.IOException;
import java.nio.file.Path;

/**
 * A lock on a file that belongs to an open file description (fcntl(2), F_OFD_SETLK): it excludes
 * other processes and other holders in this one, and ends with {@link #close} and with the process.
 */
public final class HeldFile implements AutoCloseable {
  private final Libc libc;
  private final int fd;
  private final FileStatus status;

  /**
   * @param fd open and locked; closed with this
   * @param status the status of its file
   */
  HeldFile(Libc libc, int fd, FileStatus status) {
    this.libc = libc;
    this.fd = fd;
    this.status = status;
  }

  static boolean isSomebodyElses(ErrnoException e) {
    return e.is(Errno.EAGAIN) || e.is(Errno.EACCES);
  }

  /**
   * Returns whether the file is at a path at this moment, and is not only reached by a link there.
   */
  public boolean isAt(Path path) throws IOException {
    try (FoundFile found = FoundFile.at(libc, path).orElse(null)) {
      return found != null && found.status().isSameFileAs(status);
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
