package holdfast.backend.api;

/** Thrown when the block's pages can't be bound to the requested NUMA nodes. */
public final class NumaBindingException extends RamBlockException {
  private static final long serialVersionUID = 1;

  private final String errno;

  /**
   * @param errno the kernel's answer, for example {@code EINVAL (Invalid argument)}, or what is
   *     missing
   * @param advice what to do about it, as half a sentence
   */
  public NumaBindingException(RamBlockSpec spec, String errno, String advice) {
    super(
        spec,
        "can't bind size="
            + spec.size()
            + " to host-nodes="
            + String.join(",", spec.numa().hostNodes().stream().map(String::valueOf).toList())
            + ": "
            + errno
            + "; "
            + advice);
    this.errno = errno;
  }

  /** Returns the kernel's answer, or what is missing. */
  public String errno() {
    return errno;
  }
}
