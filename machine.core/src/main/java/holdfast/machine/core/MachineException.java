package holdfast.machine.core;

/**
 * A machine can't be brought up, or something that it consists of can't be changed. The message is
 * one sentence for the operator.
 */
public class MachineException extends Exception {
  private static final long serialVersionUID = 1;

  MachineException(String sentence) {
    super(sentence);
  }

  /** The sentence is that of the cause. */
  MachineException(Exception cause) {
    super(cause.getMessage(), cause);
  }
}
