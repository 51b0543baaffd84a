package holdfast.machine.migration.internal.channel;

import java.io.IOException;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/** A file of TLS credentials can't be used. The message is a sentence for the operator. */
public final class TlsCredentialsException extends IOException {
  private static final long serialVersionUID = 1;

  private final transient Path file;

  TlsCredentialsException(Path file, String problem, String advice, @Nullable Throwable cause) {
    super("TLS credentials " + file + ": " + problem + "; " + advice, cause);
    this.file = file;
  }

  /** Returns the file that can't be used, or their folder. */
  public Path file() {
    return file;
  }
}
