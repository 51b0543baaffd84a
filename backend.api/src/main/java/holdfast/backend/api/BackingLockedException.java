package holdfast.backend.api;

/**
 * Thrown when the file is already open as guest memory and one of the two blocks would write to it.
 */
public final class BackingLockedException extends RamBlockException {
  private static final long serialVersionUID = 1;

  /** Reports that another block or another process holds the lock that {@code spec} needs. */
  public BackingLockedException(RamBlockSpec spec) {
    super(
        spec,
        "the file is locked: another memory backend, here or in another process, has it open for"
            + " guest memory; two machines can't write one NVDIMM, so end the other one first");
  }
}
