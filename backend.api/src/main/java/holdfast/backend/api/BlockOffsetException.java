package holdfast.backend.api;

/** Thrown when the offset into the file is not a multiple of the backing's page size. */
public final class BlockOffsetException extends RamBlockException {
  private static final long serialVersionUID = 1;

  private final transient ByteSize unit;

  /**
   * @param offset the requested offset
   * @param unit the size that the offset must be a multiple of
   */
  public BlockOffsetException(RamBlockSpec spec, ByteSize offset, ByteSize unit) {
    super(
        spec,
        "offset="
            + offset
            + " is not a multiple of "
            + unit
            + ", the page size of this backing; round it to a multiple");
    this.unit = unit;
  }

  /** Returns the size that the offset must be a multiple of. */
  public ByteSize unit() {
    return unit;
  }
}
