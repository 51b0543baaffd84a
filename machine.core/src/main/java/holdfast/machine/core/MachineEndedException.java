package holdfast.machine.core;

/** The machine has ended, or is ending, and can't be changed any more. */
public final class MachineEndedException extends MachineException {
  private static final long serialVersionUID = 1;

  MachineEndedException() {
    super("the machine has ended");
  }
}
