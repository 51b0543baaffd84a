package holdfast.backend.api;

/** Somebody else has the file open as guest memory, and one of the two would write it. */
public final class BackingLockedException extends RamBlockException {
  private static final long serialVersionUID = 1;

  /** The lock that {@code spec} needs is held by another block or another process. */
  public BackingLockedException(RamBlockSpec spec) {
    super(
        spec,
        "the file is locked: another memory backend, here or in another process, has it open for"
            + " guest memory; two machines can't write one NVDIMM, so end the other one first");
  }
}
