package holdfast.backend.api;

/** Thrown when the kernel refuses a valid mapping call. */
public final class MappingException extends RamBlockException {
  private static final long serialVersionUID = 1;

  private final String call;
  private final String errno;

  /**
   * @param call the system call with its flags, for example {@code mmap(MAP_SHARED|MAP_FIXED)}
   * @param errno the kernel's answer, for example {@code ENOMEM (Cannot allocate memory)}
   * @param advice what to do about it, as half a sentence
   */
  public MappingException(RamBlockSpec spec, String call, String errno, String advice) {
    super(spec, "can't map size=" + spec.size() + ": " + call + ": " + errno + "; " + advice);
    this.call = call;
    this.errno = errno;
  }

  /** Returns the system call with its flags. */
  public String call() {
    return call;
  }

  /** Returns the kernel's answer. */
  public String errno() {
    return errno;
  }
}
