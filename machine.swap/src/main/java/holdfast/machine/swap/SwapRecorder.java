package holdfast.machine.swap;

import holdfast.machine.core.Backend;

/** Keeps what is written down of memory backends in step with what swaps made of them. */
public interface SwapRecorder {
  /** Writes nothing down. */
  SwapRecorder NONE = (backend, outcome) -> {};

  /**
   * How a swap ended.
   *
   * @param done whether the backend is in its new backing now; false if it was rolled back
   * @param configured whether what is written down had asked for the swap
   * @param last whether the machine is ending, and nobody will compare the two any more
   */
  record Outcome(boolean done, boolean configured, boolean last) {}

  /** Writes down how a swap of {@code backend} ended, while nobody else can swap or change it. */
  void ended(Backend backend, Outcome outcome);
}
