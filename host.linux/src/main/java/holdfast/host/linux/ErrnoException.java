package holdfast.host.linux;

/** Thrown when a system call fails. */
public final class ErrnoException extends Exception {
  private static final long serialVersionUID = 1;

  private final String call;
  private final transient Errno errno;

  /**
   * @param call the call's name, for example {@code mmap}
   * @param errno the kernel's answer
   */
  public ErrnoException(String call, Errno errno) {
    super(call + ": " + errno);
    this.call = call;
    this.errno = errno;
  }

  /** Returns call and answer, for example {@code mmap: EINVAL (Invalid argument)}. */
  public String sentence() {
    return call + ": " + errno;
  }

  /** Returns the call's name. */
  public String call() {
    return call;
  }

  /** Returns the kernel's answer. */
  public Errno errno() {
    return errno;
  }

  /** Returns whether the kernel's answer was the number {@code value}. */
  public boolean is(int value) {
    return errno.value() == value;
  }
}
