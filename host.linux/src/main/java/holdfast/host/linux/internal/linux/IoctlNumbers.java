package holdfast.host.linux.internal.linux;

/**
 * Composes the numbers of ioctl(2) requests on one family of architectures, as {@code asm/ioctl.h}
 * does. The places of the parts and the directions differ between families; no number has more than
 * 32 bits.
 *
 * @param linux the family
 */
public record IoctlNumbers(LinuxFamily linux) {

  /** Returns the number of a request without a structure, {@code _IO}. */
  public long io(int type, int nr) {
    return number(linux.value(LinuxConstant._IOC_NONE), type, nr, 0);
  }

  /**
   * Returns the number of a request whose structure the kernel writes, {@code _IOR}.
   *
   * @param size size of the structure in bytes
   */
  public long ior(int type, int nr, long size) {
    return number(linux.value(LinuxConstant._IOC_READ), type, nr, size);
  }

  /**
   * Returns the number of a request whose structure the kernel reads and writes, {@code _IOWR}.
   *
   * @param size size of the structure in bytes
   */
  public long iowr(int type, int nr, long size) {
    int both = linux.value(LinuxConstant._IOC_READ) | linux.value(LinuxConstant._IOC_WRITE);
    return number(both, type, nr, size);
  }

  private long number(int direction, int type, int nr, long size) {
    return (long) direction << linux.value(LinuxConstant._IOC_DIRSHIFT)
        | size << linux.value(LinuxConstant._IOC_SIZESHIFT)
        | (long) type << linux.value(LinuxConstant._IOC_TYPESHIFT)
        | (long) nr << linux.value(LinuxConstant._IOC_NRSHIFT);
  }
}
