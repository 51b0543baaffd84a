package holdfast.backend.api;

/** Thrown when a range could not be made durable. */
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
    this(spec, offset, length, call, errno, "check the disk and its file system");
  }

  /**
   * @param offset first byte of the range
   * @param length number of bytes
   * @param call the system call that failed
   * @param errno the kernel's answer, for example {@code EIO (Input/output error)}
   * @param advice what to do about it, as half a sentence
   */
  public PersistException(
      RamBlockSpec spec, long offset, long length, String call, String errno, String advice) {
    this(
        spec,
        errno,
        call + ": " + errno + "; nothing is known about what the file holds for them; " + advice,
        offset,
        length);
  }

  /** Returns the one for memory whose guest is in another process. */
  public static PersistException ofLentMemory(RamBlockSpec spec, long offset, long length) {
    return new PersistException(
        spec,
        "EBUSY",
        "its guest is in another process, which has the same memory; persist it there",
        offset,
        length);
  }

  private PersistException(
      RamBlockSpec spec, String errno, String sentence, long offset, long length) {
    super(
        spec, length + " bytes from offset " + offset + " could not be made durable: " + sentence);
    this.offset = offset;
    this.length = length;
    this.errno = errno;
  }

  /**
   * Returns the exception for a block that has failed before: stores were lost, and a persist that
   * succeeded now would hide that.
   *
   * @param reason why the block failed
   */
  public static PersistException ofFailed(
      RamBlockSpec spec, long offset, long length, String reason) {
    return new PersistException(
        spec,
        "",
        "it has failed before ("
            + reason
            + "), and stores were lost; end the guest, check the file, its disk and its file"
            + " system, and start the machine again",
        offset,
        length);
  }

  /**
   * Returns the exception for a block whose file has suffered a failure to write back. The kernel
   * doesn't say whether these bytes were lost with it.
   *
   * @param failure the failure, whichever call reported it
   */
  public static PersistException ofWriteBack(
      RamBlockSpec spec, long offset, long length, WriteBackFailure failure) {
    return new PersistException(
        spec,
        failure.errno(),
        "the file could not be written back ("
            + failure.sentence()
            + "), and the kernel doesn't tell what of it was lost; end the guest, check the file, its"
            + " disk and its file system, and start the machine again",
        offset,
        length);
  }

  /** Returns the first byte of the range. */
  public long offset() {
    return offset;
  }

  /** Returns the number of bytes. */
  public long length() {
    return length;
  }

  /** Returns the kernel's answer; empty if it was not asked because the block had failed before. */
  public String errno() {
    return errno;
  }
}
