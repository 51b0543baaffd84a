package holdfast.machine.core.internal.guest;

/**
 * A memory device can't be plugged or unplugged. The message is one whole sentence that names the
 * device, its memory backend, what was asked for, what is there and what to do.
 */
public final class PlugException extends Exception {
  private static final long serialVersionUID = 1;

  private final Refusal refusal;

  PlugException(Refusal refusal, String message) {
    super(message);
    this.refusal = refusal;
  }

  /** The cause. */
  public Refusal refusal() {
    return refusal;
  }
}
