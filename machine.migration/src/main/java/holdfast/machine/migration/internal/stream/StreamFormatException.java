package holdfast.machine.migration.internal.stream;

import java.io.IOException;

/** Thrown when a stream is not one that can be read: its bytes are to blame, not the transport. */
public class StreamFormatException extends IOException {
  private static final long serialVersionUID = 1;

  private final long position;

  /**
   * @param sentence what is wrong with it
   * @param position where, in bytes from the stream's beginning
   */
  StreamFormatException(String sentence, long position) {
    super(sentence + " (at byte " + position + " of the stream)");
    this.position = position;
  }

  /** Returns where it is wrong, in bytes from the stream's beginning. */
  public long position() {
    return position;
  }
}
