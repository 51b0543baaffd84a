package holdfast.machine.admin;

/** No machine is up, so that there is nothing to see or to change. */
public final class MachineNotUpException extends AdminException {
  private static final long serialVersionUID = 1;

  private final transient MachineStatus status;

  public MachineNotUpException(MachineStatus status) {
    super(status.sentence());
    this.status = status;
  }

  /** Returns the status of the machine at that moment. */
  public MachineStatus status() {
    return status;
  }
}
