package holdfast.backend.api;

/** Thrown when the file or device is smaller than the requested block. */
public final class BackingSizeException extends RamBlockException {
  private static final long serialVersionUID = 1;

  private final transient ByteSize actual;

  /**
   * @param actual the size of the file or device
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

  /** Returns the size of the file or device. */
  public ByteSize actual() {
    return actual;
  }
}
