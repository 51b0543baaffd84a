package holdfast.machine.migration.internal.peer;

import java.util.Arrays;
import java.util.Optional;

/** The kinds of frame; the source sends those up to {@link #ABORT}, the destination the others. */
public enum FrameType {
  /** What is to be sent: an {@link Offer}. */
  OFFER(1),
  /** A piece of the stream of RAM. */
  RAM(2),
  /** RAM has ended: the checksum of all its pieces. */
  RAM_END(3),
  /** The state of one device. */
  STATE(4),
  /** All was sent: whether the guest ran. */
  END(5),
  /** The guest has left the source: the proof of it. */
  MOVED(6),
  /** The source gives up: a sentence. */
  ABORT(7),
  /** The destination takes what was offered. */
  ACCEPT(16),
  /** The destination gives up: a sentence. */
  REFUSE(17),
  /** All is at the destination, and durable: the checksum of what it got. */
  READY(18),
  /** The guest is at the destination. */
  OWNED(19);

  private final int code;

  FrameType(int code) {
    this.code = code;
  }

  int code() {
    return code;
  }

  static Optional<FrameType> of(int code) {
    return Arrays.stream(values()).filter(one -> one.code == code).findFirst();
  }
}
