package holdfast.machine.config;

/** What {@code -m} or {@code -machine} asks for can't be. The message is one whole sentence. */
public final class MemoryLayoutException extends Exception {
  private static final long serialVersionUID = 1;

  /** The causes. */
  public enum Problem {
    /** More base RAM than can be addressed. */
    RAM_TOO_LARGE,
    /** The backend for the base RAM has another size than {@code -m} says. */
    RAM_BACKEND_SIZE,
    /** {@code maxmem} is below the size of the base RAM. */
    MAXMEM_BELOW_RAM,
    /** {@code slots} were given, but {@code maxmem} leaves no memory for them. */
    SLOTS_WITHOUT_ROOM,
    /** {@code slots} were given without {@code maxmem}. */
    SLOTS_WITHOUT_MAXMEM,
    /** More than {@link MemoryLayout#MAX_SLOTS}. */
    TOO_MANY_SLOTS,
    /** {@code maxmem} is no multiple of the guest's page size. */
    MAXMEM_NOT_PAGES,
    /** More device memory than can be addressed. */
    MAXMEM_TOO_LARGE
  }

  private final Problem problem;

  public MemoryLayoutException(Problem problem, String message) {
    super(message);
    this.problem = problem;
  }

  /** The cause. */
  public Problem problem() {
    return problem;
  }
}
