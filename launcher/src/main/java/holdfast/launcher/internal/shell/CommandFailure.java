package holdfast.launcher.internal.shell;

/** A shell command can't do what it was asked for. The shell prints it as its sentence. */
final class CommandFailure extends RuntimeException {
  private static final long serialVersionUID = 1;

  CommandFailure(String sentence) {
    super(sentence);
  }

  @Override
  public String toString() {
    return "holdfast: " + getMessage();
  }
}
