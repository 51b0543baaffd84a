package holdfast.machine.swap;

import holdfast.machine.config.options.ParsedObject;
import holdfast.machine.core.Backend;
import org.osgi.annotation.versioning.ProviderType;

/** Moves an open memory backend to the backing that its changed configuration asks for. */
@FunctionalInterface
@ProviderType
public interface Swapper {
  /** Swaps nothing. */
  Swapper NONE =
      (backend, wanted) ->
          backend.unchangeable(wanted).isEmpty() ? new Answer.NotNeeded() : new Answer.Refused("");

  /** The answer to a request. */
  @ProviderType
  sealed interface Answer {
    /** All differences can be changed in place. */
    record NotNeeded() implements Answer {}

    /** The swap is under way. */
    record Started() implements Answer {}

    /**
     * Another swap is under way, or another caller holds the region; ask again later.
     *
     * @param wakes whether the machine is woken at the end of that
     */
    record Busy(boolean wakes) implements Answer {}

    /**
     * The swap can't be done.
     *
     * @param reason half a sentence about the backend; empty if there is nothing to add
     */
    record Refused(String reason) implements Answer {}
  }

  /**
   * Starts a swap if one is needed. Its end wakes the machine, which then reads the configuration
   * again.
   *
   * @param wanted the properties that are configured now
   */
  Answer swap(Backend backend, ParsedObject wanted);
}
