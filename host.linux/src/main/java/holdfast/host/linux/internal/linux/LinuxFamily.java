package holdfast.host.linux.internal.linux;

/**
 * Architectures on which all of Linux' constants have the same values. Each implementation is
 * generated.
 */
public interface LinuxFamily {

  /**
   * Returns the family of the architecture that this JVM runs on, or {@link
   * LinuxArchitectures#generic} if that is not known; such a host is refused before any of it
   * reaches the kernel.
   */
  static LinuxFamily host() {
    return LinuxArchitectures.family(System.getProperty("os.arch"))
        .orElseGet(LinuxArchitectures::generic);
  }

  /** Returns whether the family's headers define the constant. */
  boolean has(LinuxConstant constant);

  /** Returns the constant's 32 bits; 0 if the headers don't define it. */
  int value(LinuxConstant constant);

  /**
   * Returns the error number of that name; 0, which is no error, if the headers don't define it.
   */
  int number(LinuxErrno errno);
}
