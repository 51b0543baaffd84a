package holdfast.machine.config;

import holdfast.backend.api.HoldfastException;

/**
 * The values of {@code -m} or {@code -machine} are not allowed. The message is one whole sentence.
 */
public final class MemoryLayoutException extends HoldfastException {
  private static final long serialVersionUID = 1;

  /** The causes. */
  public enum Problem {
    /** A table of memory's latency and bandwidth was asked for. */
    NO_HMAT,
    /** There is more base RAM than can be addressed. */
    RAM_TOO_LARGE,
    /** The size of the backend for the base RAM differs from that in {@code -m}. */
    RAM_BACKEND_SIZE,
    /** {@code maxmem} is below the size of the base RAM. */
    MAXMEM_BELOW_RAM,
    /** {@code slots} were given, but {@code maxmem} leaves no memory for them. */
    SLOTS_WITHOUT_ROOM,
    /** {@code slots} were given without {@code maxmem}. */
    SLOTS_WITHOUT_MAXMEM,
    /** {@code slots} is above {@link MemoryLayout#MAX_SLOTS}. */
    TOO_MANY_SLOTS,
    /** {@code maxmem} is not a multiple of the guest's page size. */
    MAXMEM_NOT_PAGES,
    /** There is more device memory than can be addressed. */
    MAXMEM_TOO_LARGE,
    /** The base RAM can't be at this address in this kind of machine. */
    BAD_RAM_BASE,
    /** The values differ from those of the machine's own address layout. */
    NOT_OF_LAYOUT
  }

  private final Problem problem;

  public MemoryLayoutException(Problem problem, String message) {
    super(message);
    this.problem = problem;
  }

  /** Returns the cause. */
  public Problem problem() {
    return problem;
  }
}
