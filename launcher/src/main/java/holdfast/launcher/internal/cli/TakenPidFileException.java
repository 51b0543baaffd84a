package holdfast.launcher.internal.cli;

/** Another process has the file for the number of this one, and may end. */
final class TakenPidFileException extends CommandException {
  private static final long serialVersionUID = 1;

  TakenPidFileException(String sentence) {
    super(sentence);
  }
}
