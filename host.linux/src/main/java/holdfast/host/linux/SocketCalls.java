package holdfast.host.linux;

import java.nio.file.Path;
import org.osgi.annotation.versioning.ProviderType;

/**
 * The system calls of a UNIX socket over which descriptors go, unix(7), for which Java has none.
 * There is one method per call, except that {@link #listen} binds before. No bulk data passes
 * through here.
 *
 * <p>Thread-safe. Descriptors are the kernel's: a caller that passes one that it doesn't own breaks
 * the process.
 */
@ProviderType
public interface SocketCalls {

  /**
   * socket(2): returns a stream socket of the UNIX domain that no child inherits.
   *
   * @throws ErrnoException ENOSYS also on an architecture whose constants are not known here
   */
  int socket() throws ErrnoException;

  /** bind(2) and listen(2). */
  void listen(int fd, Path path) throws ErrnoException;

  /** accept4(2): returns a socket that no child inherits. */
  int accept(int fd) throws ErrnoException;

  /** connect(2). */
  void connect(int fd, Path path) throws ErrnoException;

  /** shutdown(2) of both directions: wakes who waits for this socket. */
  void shutdown(int fd) throws ErrnoException;

  /**
   * poll(2).
   *
   * @param output whether to wait until something can be sent; else until something has come
   * @param millis how long to wait, -1 for ever
   * @return false if nothing has happened
   */
  boolean poll(int fd, boolean output, int millis) throws ErrnoException;

  /**
   * sendmsg(2), without waiting.
   *
   * @param bytes at least one
   * @param descriptor goes with the first byte; -1 for none
   * @return how many bytes were sent
   * @throws ErrnoException EAGAIN if none can be sent now
   */
  int send(int fd, byte[] bytes, int descriptor) throws ErrnoException;

  /**
   * What came.
   *
   * @param length bytes, 0 at the end of the stream
   * @param descriptor that came with the first of them; -1 if none did. The caller's, to close
   */
  record Received(int length, int descriptor) {}

  /**
   * recvmsg(2), without waiting, with room for one descriptor; if more come the kernel closes them,
   * and it fails.
   *
   * @param into receives the bytes, from its start
   * @param room how many at most
   * @throws ErrnoException EAGAIN if nothing has come
   */
  Received receive(int fd, byte[] into, int room) throws ErrnoException;
}
