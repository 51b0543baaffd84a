package holdfast.ctl;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.net.ConnectException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.SocketChannel;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;

/**
 * Where a machine's monitor listens.
 *
 * @param path the socket
 */
record Place(Path path) {
  private static final String SCHEME = "unix:";

  /** The bits of a mode that tell the kind of a file, and those of a socket: inode(7). */
  private static final int TYPE = 0170000;

  private static final int SOCKET = 0140000;

  /** The longest path that fits into sockaddr_un, unix(7), in bytes. */
  private static final int LONGEST = 107;

  /** Reads what an operator wrote: a path, or what stands before the comma in {@code -qmp}. */
  static Place of(String text) throws CtlException {
    String path = text.startsWith(SCHEME) ? text.substring(SCHEME.length()) : text;
    if (path.isEmpty()) {
      throw CtlException.unreachable("the path of the socket is empty");
    }
    try {
      return new Place(Path.of(path));
    } catch (InvalidPathException e) {
      throw CtlException.unreachable("socket " + text + ": " + e.getReason());
    }
  }

  /**
   * Connects, without waiting.
   *
   * @return a channel that never blocks
   */
  SocketChannel connect() throws CtlException {
    SocketChannel channel = null;
    try {
      channel = SocketChannel.open(StandardProtocolFamily.UNIX);
      channel.configureBlocking(false);
      channel.connect(UnixDomainSocketAddress.of(path));
      SocketChannel connected = channel;
      channel = null;
      return connected;
    } catch (IOException e) {
      throw CtlException.unreachable("socket " + path + ": " + reason(e));
    } finally {
      if (channel != null) {
        closeQuietly(channel);
      }
    }
  }

  private static void closeQuietly(SocketChannel channel) {
    try {
      channel.close();
    } catch (IOException e) {
      // what failed before it is what is told
    }
  }

  private String reason(IOException failure) {
    int excess = path.toString().getBytes(UTF_8).length - LONGEST;
    if (excess > 0) {
      return "the path is "
          + excess
          + " bytes too long for a socket; go to a nearer folder and name it from there";
    }
    try {
      int mode = (int) Files.getAttribute(path, "unix:mode");
      if ((mode & TYPE) != SOCKET) {
        return "it is no socket; name the one of the machine's -qmp unix:SOCKET";
      }
    } catch (NoSuchFileException e) {
      return "there is no such file; is the machine up, and has it -qmp unix:SOCKET,server=on,wait=off"
          + " with this path?";
    } catch (AccessDeniedException e) {
      return "you may not look into its folder; run this as the user who started the machine";
    } catch (IOException e) {
      return "" + e.getMessage();
    }
    String told = "" + failure.getMessage();
    if (failure instanceof ConnectException && !told.contains("denied")) {
      return "nobody listens there: the machine that made it is gone; start the machine again,"
          + " which replaces it";
    }
    if (told.contains("denied")) {
      return "it is " + owner() + "'s, who alone may connect; run this as that user";
    }
    if (told.contains("temporarily unavailable")) {
      return "the machine does not take connections at the moment, and many wait; is its process"
          + " stopped?";
    }
    return told;
  }

  private String owner() {
    try {
      return Files.getOwner(path).getName();
    } catch (IOException | UnsupportedOperationException e) {
      return "somebody else";
    }
  }

  @Override
  public String toString() {
    return path.toString();
  }
}
