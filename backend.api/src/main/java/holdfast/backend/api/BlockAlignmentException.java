package holdfast.backend.api;

/** Thrown when the requested alignment does not fit the backing. */
public final class BlockAlignmentException extends RamBlockException {
  private static final long serialVersionUID = 1;

  private final transient Alignment needed;

  /**
   * @param needed the least alignment that fits
   * @param who what requires it, for example {@code the page size of this backing}
   */
  public BlockAlignmentException(RamBlockSpec spec, Alignment needed, String who) {
    super(
        spec,
        "align="
            + spec.align()
            + " asked for, but "
            + who
            + " is "
            + needed
            + "; ask for align="
            + needed
            + " or a greater power of two");
    this.needed = needed;
  }

  /** Returns the least alignment that fits. */
  public Alignment needed() {
    return needed;
  }
}
