package holdfast.host.linux.files;

import java.io.IOException;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/** A {@link SocketFile} can't be made. The message is a sentence for the operator. */
public final class SocketFileException extends IOException {
  private static final long serialVersionUID = 1;

  private final transient Path path;

  SocketFileException(
      String owner, Path path, String problem, String advice, @Nullable IOException cause) {
    super(owner + " socket " + path + ": " + problem + "; " + advice, cause);
    this.path = path;
  }

  /** Returns what is in the way, or where the socket was to be. */
  public Path path() {
    return path;
  }
}
