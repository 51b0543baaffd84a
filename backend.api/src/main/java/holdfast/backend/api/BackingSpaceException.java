package holdfast.backend.api;

/** Thrown when the file system can't provide the space that the block needs. */
public final class BackingSpaceException extends RamBlockException {
  private static final long serialVersionUID = 1;

  private final String errno;

  /**
   * @param call the system call that failed
   * @param errno the kernel's answer, for example {@code ENOSPC (No space left on device)}
   * @param advice what to do about it, as half a sentence
   */
  public BackingSpaceException(RamBlockSpec spec, String call, String errno, String advice) {
    super(spec, "can't set aside " + range(spec) + ": " + call + ": " + errno + "; " + advice);
    this.errno = errno;
  }

  /** Returns the kernel's answer. */
  public String errno() {
    return errno;
  }
}
