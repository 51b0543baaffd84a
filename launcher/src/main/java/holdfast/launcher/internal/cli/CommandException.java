package holdfast.launcher.internal.cli;

/** The command can't do what was asked for. The message is the sentence for the operator. */
final class CommandException extends Exception {
  private static final long serialVersionUID = 1;

  CommandException(String sentence) {
    super(sentence);
  }
}
