package holdfast.machine.core;

import java.util.List;

/** A device, or the machine itself, names a memory backend that the machine doesn't have. */
public final class UnknownBackendException extends MachineException {
  private static final long serialVersionUID = 1;

  private final String problem;
  private final String id;

  /**
   * @param subject where it is named, such as {@code device 'nv0': memdev=}
   * @param id the id that is named
   * @param known the ids of the existing memory backends
   */
  UnknownBackendException(String subject, String id, List<String> known) {
    this(
        subject
            + id
            + " names no memory backend; there "
            + (known.isEmpty() ? "is none" : "are " + String.join(", ", known)),
        id);
  }

  /** Says that no memory backend has the id by which it was to be found. */
  UnknownBackendException(String id, List<String> known) {
    super("there is no memory backend '" + id + "'; there are " + String.join(", ", known));
    this.problem = getMessage();
    this.id = id;
  }

  private UnknownBackendException(String problem, String id) {
    super(problem + "; add -object memory-backend-file,id=" + id + ",…");
    this.problem = problem;
    this.id = id;
  }

  /** Returns what is wrong, without the advice, which depends on where the machine is described. */
  public String problem() {
    return problem;
  }

  /** Returns the id that is named. */
  public String id() {
    return id;
  }
}
