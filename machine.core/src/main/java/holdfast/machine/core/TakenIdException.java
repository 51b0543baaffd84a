package holdfast.machine.core;

/** Two memory backends of a machine have the same id. */
public final class TakenIdException extends MachineException {
  private static final long serialVersionUID = 1;

  private final String problem;

  TakenIdException(String id) {
    this("memory backend '" + id + "': the id is taken", "give each -object an id of its own");
  }

  private TakenIdException(String problem, String advice) {
    super(problem + "; " + advice);
    this.problem = problem;
  }

  /** Returns what is wrong, without the advice, which depends on where the machine is described. */
  public String problem() {
    return problem;
  }
}
