package holdfast.machine.swap;

import java.io.IOException;

/** Called before each step of a swap; a test makes the swap fail there. */
@FunctionalInterface
interface StepWatcher {
  /** Does nothing. */
  StepWatcher NONE = step -> {};

  /**
   * Called before a step.
   *
   * @throws IOException to make the swap fail there
   */
  void before(Step step) throws IOException;
}
