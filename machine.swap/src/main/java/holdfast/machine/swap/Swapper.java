package holdfast.machine.swap;

import holdfast.machine.config.options.ParsedObject;
import holdfast.machine.core.Backend;

/** Moves an open memory backend to what its changed configuration asks for. */
@FunctionalInterface
public interface Swapper {
  /** There is none. */
  Swapper NONE =
      (backend, wanted) ->
          backend.unchangeable(wanted).isEmpty() ? new Answer.NotNeeded() : new Answer.Refused("");

  /** What comes of a wish. */
  sealed interface Answer {
    /** What differs can be changed in place. */
    record NotNeeded() implements Answer {}

    /** The swap is under way. */
    record Started() implements Answer {}

    /**
     * Another swap is under way, or somebody else has the region: it is to be asked again.
     *
     * @param wakes whether the machine is woken at the end of that
     */
    record Busy(boolean wakes) implements Answer {}

    /**
     * It can't be done.
     *
     * @param reason as half a sentence about the backend; empty if there is no more to say than
     *     that
     */
    record Refused(String reason) implements Answer {}
  }

  /**
   * Starts a swap if one is needed. Its end wakes the machine, which looks at the configuration
   * again.
   *
   * @param wanted the properties that are configured now
   */
  Answer swap(Backend backend, ParsedObject wanted);
}
