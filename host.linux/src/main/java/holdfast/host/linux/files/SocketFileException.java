package holdfast.host.linux.files;

import java.io.IOException;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/** A {@link SocketFile} can't be made. The message is a sentence for the operator. */
public final class SocketFileException extends IOException {
  private static final long serialVersionUID = 1;

  private final transient Path path;
  private final boolean taken;

  SocketFileException(
      String owner, Path path, String problem, String advice, @Nullable IOException cause) {
    this(owner, path, problem, advice, cause, false);
  }

  private SocketFileException(
      String owner,
      Path path,
      String problem,
      String advice,
      @Nullable IOException cause,
      boolean taken) {
    super(owner + " socket " + path + ": " + problem + "; " + advice, cause);
    this.path = path;
    this.taken = taken;
  }

  /** Returns the one for a path at which another process listens. */
  static SocketFileException taken(String owner, Path path) {
    return new SocketFileException(
        owner,
        path,
        "another process listens there",
        "end that process, or choose another path",
        null,
        true);
  }

  /** Returns whether another process listens there, which may end. */
  public boolean isTaken() {
    return taken;
  }

  /** Returns what is in the way, or where the socket was to be. */
  public Path path() {
    return path;
  }
}
