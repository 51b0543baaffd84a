package holdfast.machine.migration.internal.stream;

/** Thrown when a stream ends in the middle: the peer has died, given up or lost the network. */
public final class StreamEndedException extends StreamFormatException {
  private static final long serialVersionUID = 1;

  private final String reading;

  /**
   * @param reading what was being read
   * @param position how long the stream was
   */
  StreamEndedException(String reading, long position) {
    super("the stream ended where " + reading + " was to come", position);
    this.reading = reading;
  }

  /** Returns what was being read. */
  public String reading() {
    return reading;
  }
}
