package holdfast.machine.migration.internal.channel;

import java.io.IOException;
import org.jspecify.annotations.Nullable;

/**
 * A migration's stream can't go on, or can't begin. The message is a sentence for the operator: it
 * names the address, what was found there, and what to do.
 */
public final class ChannelException extends IOException {
  private static final long serialVersionUID = 1;

  /**
   * @param where the address, or who is at the other end
   */
  ChannelException(String where, String problem, String advice, @Nullable Throwable cause) {
    super("migration, " + where + ": " + problem + "; " + advice, cause);
  }
}
