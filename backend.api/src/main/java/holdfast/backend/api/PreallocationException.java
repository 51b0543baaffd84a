package holdfast.backend.api;

/** {@code prealloc=on} could not make every page present. */
public final class PreallocationException extends RamBlockException {
  private static final long serialVersionUID = 1;

  private final String errno;

  /**
   * @param errno the kernel's answer, for example {@code ENOMEM (Cannot allocate memory)}
   */
  public PreallocationException(RamBlockSpec spec, String errno) {
    super(
        spec,
        "can't preallocate size="
            + spec.size()
            + ": "
            + errno
            + "; free some memory, huge pages or disk space, or set prealloc=off");
    this.errno = errno;
  }

  /** The kernel's answer. */
  public String errno() {
    return errno;
  }
}
