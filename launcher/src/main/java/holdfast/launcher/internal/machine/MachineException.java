package holdfast.launcher.internal.machine;

/** The machine can't be brought up as it is configured. The message is one whole sentence. */
public final class MachineException extends Exception {
  private static final long serialVersionUID = 1;

  MachineException(String sentence) {
    super(sentence);
  }
}
