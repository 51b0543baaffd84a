package holdfast.machine.swap;

import holdfast.machine.core.Backend;
import org.osgi.annotation.versioning.ConsumerType;

/** Updates the stored configuration of memory backends after their swaps. */
@ConsumerType
public interface SwapRecorder {
  /** Stores nothing. */
  SwapRecorder NONE = (backend, outcome) -> {};

  /**
   * The outcome of a swap.
   *
   * @param done whether the backend is in its new backing now; false if it was rolled back
   * @param configured whether the stored configuration had asked for the swap
   * @param last whether the machine is ending, so that the two will not be compared again
   */
  record Outcome(boolean done, boolean configured, boolean last) {}

  /**
   * Stores the outcome of a swap of {@code backend}; no other caller can swap or change it
   * meanwhile.
   */
  void ended(Backend backend, Outcome outcome);
}
