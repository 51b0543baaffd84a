package holdfast.backend.api;

/** Thrown when preallocation could not make every page present. */
public final class PreallocationException extends RamBlockException {
  private static final long serialVersionUID = 1;

  private final String errno;

  /**
   * @param errno the kernel's answer, for example {@code ENOMEM (Cannot allocate memory)}
   * @param advice what to do about it, as half a sentence
   */
  public PreallocationException(RamBlockSpec spec, String errno, String advice) {
    super(spec, "can't preallocate size=" + spec.size() + ": " + errno + "; " + advice);
    this.errno = errno;
  }

  /** Returns the kernel's answer. */
  public String errno() {
    return errno;
  }
}
