package holdfast.machine.migration.internal.peer;

import java.io.IOException;

/** The peer gave up, or says something that can't be. */
public final class PeerException extends IOException {
  private static final long serialVersionUID = 1;

  private final boolean abort;

  /**
   * @param sentence for the operator
   */
  public PeerException(String sentence) {
    this(sentence, false);
  }

  /**
   * @param abort whether the peer itself gave up
   */
  PeerException(String sentence, boolean abort) {
    super(sentence);
    this.abort = abort;
  }

  /**
   * Returns whether the peer said itself that it gives up: then it keeps, or has not, the guest.
   */
  public boolean isAbort() {
    return abort;
  }
}
