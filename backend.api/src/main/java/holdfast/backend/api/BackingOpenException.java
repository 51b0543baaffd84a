package holdfast.backend.api;

/** Thrown when the file can't be opened or created. */
public final class BackingOpenException extends RamBlockException {
  private static final long serialVersionUID = 1;

  private final String errno;

  /**
   * @param errno the kernel's answer, for example {@code EACCES (Permission denied)}
   * @param advice what to do about it, as half a sentence
   */
  public BackingOpenException(RamBlockSpec spec, String errno, String advice) {
    super(spec, "can't open the file: " + errno + "; " + advice);
    this.errno = errno;
  }

  /** Returns the kernel's answer. */
  public String errno() {
    return errno;
  }
}
