package holdfast.backend.api;

/** The file or device is smaller than the block asked for. */
public final class BackingSizeException extends RamBlockException {
  private static final long serialVersionUID = 1;

  private final transient ByteSize actual;

  /**
   * @param actual how many bytes the file or device has
   */
  public BackingSizeException(RamBlockSpec spec, ByteSize actual) {
    super(
        spec,
        range(spec)
            + " asked for, but the file has only "
            + actual
            + " ("
            + actual.bytes()
            + " bytes), and a file that is not empty is never grown; ask for at most that, or grow"
            + " the file first");
    this.actual = actual;
  }

  /** How many bytes the file or device has. */
  public ByteSize actual() {
    return actual;
  }
}
