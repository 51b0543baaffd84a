package holdfast.backend.api;

/** Thrown when the requested size is not a multiple of the backing's page size. */
public final class BlockSizeException extends RamBlockException {
  private static final long serialVersionUID = 1;

  private final transient ByteSize unit;

  /**
   * @param unit the size that the block's size must be a multiple of
   */
  public BlockSizeException(RamBlockSpec spec, ByteSize unit) {
    super(
        spec,
        "size="
            + spec.size()
            + " is not a multiple of "
            + unit
            + ", the page size of this backing; round it to a multiple");
    this.unit = unit;
  }

  /** Returns the size that the block's size must be a multiple of. */
  public ByteSize unit() {
    return unit;
  }
}
