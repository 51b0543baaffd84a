package holdfast.backend.api;

/** The alignment asked for does not fit the backing. */
public final class BlockAlignmentException extends RamBlockException {
  private static final long serialVersionUID = 1;

  private final transient Alignment needed;

  /**
   * @param needed the least alignment that would do
   * @param who what needs it, for example {@code the page size of this backing}
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

  /** The least alignment that would do. */
  public Alignment needed() {
    return needed;
  }
}
