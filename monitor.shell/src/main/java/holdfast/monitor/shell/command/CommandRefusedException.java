package holdfast.monitor.shell.command;

import holdfast.backend.api.HoldfastException;

/** A command is not done. The message is the sentence that the shell would show. */
public final class CommandRefusedException extends HoldfastException {
  private static final long serialVersionUID = 1;

  CommandRefusedException(RuntimeException cause) {
    super("" + cause.getMessage(), cause);
  }
}
