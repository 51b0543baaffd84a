package holdfast.machine.core;

/** A part of the machine is being changed by another caller; the same request can succeed later. */
public final class MachineBusyException extends MachineException {
  private static final long serialVersionUID = 1;

  MachineBusyException(String sentence) {
    super(sentence);
  }

  /** Takes the sentence of a cause, such as that a guest writer does not pause. */
  public static MachineBusyException of(Exception cause) {
    MachineBusyException busy =
        new MachineBusyException("the guest writers are not stopped: " + cause.getMessage());
    busy.initCause(cause);
    return busy;
  }

  /** Says that a memory backend is held by another caller. */
  static MachineBusyException of(Backend backend) {
    return new MachineBusyException(
        "memory backend '"
            + backend.region().id()
            + "': it is being swapped, or changed by somebody else; change it when that is over, or"
            + " name the property in ram:swap");
  }
}
