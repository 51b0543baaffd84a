package holdfast.launcher.internal.cli;

import holdfast.backend.api.HoldfastException;

/** The command can't do what was asked for. The message is the sentence for the operator. */
sealed class CommandException extends HoldfastException permits TakenPidFileException {
  private static final long serialVersionUID = 1;

  CommandException(String sentence) {
    super(sentence);
  }
}
