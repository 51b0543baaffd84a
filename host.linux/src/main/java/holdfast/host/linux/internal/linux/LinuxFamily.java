package holdfast.host.linux.internal.linux;

/**
 * Architectures on which all of Linux' constants have the same values. Each implementation is
 * generated.
 */
public interface LinuxFamily {

  /**
   * The family of the architecture that this JVM runs on. On one that is not known, {@link
   * LinuxArchitectures#generic}: such a host is refused before any of it reaches the kernel.
   */
  static LinuxFamily host() {
    return LinuxArchitectures.family(System.getProperty("os.arch"))
        .orElseGet(LinuxArchitectures::generic);
  }

  /** Whether the family's headers define the constant. */
  boolean has(LinuxConstant constant);

  /** The constant's 32 bits; 0 for one that the headers don't define. */
  int value(LinuxConstant constant);

  /** The error number of that name; 0, which is none, for one that the headers don't define. */
  int number(LinuxErrno errno);
}
