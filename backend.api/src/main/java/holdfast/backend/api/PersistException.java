package holdfast.backend.api;

/** A range could not be made durable. */
public final class PersistException extends RamBlockException {
  private static final long serialVersionUID = 1;

  private final long offset;
  private final long length;
  private final String errno;

  /**
   * @param offset first byte of the range
   * @param length number of bytes
   * @param call the system call that failed
   * @param errno the kernel's answer, for example {@code EIO (Input/output error)}
   */
  public PersistException(RamBlockSpec spec, long offset, long length, String call, String errno) {
    super(
        spec,
        length
            + " bytes from offset "
            + offset
            + " could not be made durable: "
            + call
            + ": "
            + errno
            + "; nothing is known about what the file holds for them, so check the disk and its"
            + " file system");
    this.offset = offset;
    this.length = length;
    this.errno = errno;
  }

  /** First byte of the range. */
  public long offset() {
    return offset;
  }

  /** Number of bytes. */
  public long length() {
    return length;
  }

  /** The kernel's answer. */
  public String errno() {
    return errno;
  }
}
