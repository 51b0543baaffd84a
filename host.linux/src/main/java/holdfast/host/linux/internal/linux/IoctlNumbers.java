package holdfast.host.linux.internal.linux;

/**
 * The numbers of ioctl(2) requests on one family of architectures, composed as {@code asm/ioctl.h}
 * composes them. The parts' places and the directions differ between families; no number has more
 * than 32 bits.
 *
 * @param linux the family
 */
public record IoctlNumbers(LinuxFamily linux) {

  /** {@code _IO}: a request without a structure. */
  public long io(int type, int nr) {
    return number(linux.value(LinuxConstant._IOC_NONE), type, nr, 0);
  }

  /**
   * {@code _IOR}: a request whose structure the kernel writes.
   *
   * @param size of the structure, bytes
   */
  public long ior(int type, int nr, long size) {
    return number(linux.value(LinuxConstant._IOC_READ), type, nr, size);
  }

  /**
   * {@code _IOWR}: a request whose structure the kernel reads and writes.
   *
   * @param size of the structure, bytes
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
