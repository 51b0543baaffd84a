package holdfast.machine.core.internal.guest;

import holdfast.backend.api.HoldfastException;

/**
 * A memory device can't be plugged or unplugged. The message is one whole sentence that names the
 * device, its memory backend, what was asked for and what was found, and says what to do.
 */
public final class PlugException extends HoldfastException {
  private static final long serialVersionUID = 1;

  private final Refusal refusal;

  PlugException(Refusal refusal, String message) {
    super(message);
    this.refusal = refusal;
  }

  /** Returns the cause. */
  public Refusal refusal() {
    return refusal;
  }
}
