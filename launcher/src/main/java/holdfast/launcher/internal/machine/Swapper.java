package holdfast.launcher.internal.machine;

import holdfast.launcher.internal.options.ParsedObject;

/** Moves an open memory backend to what its changed configuration asks for. */
@FunctionalInterface
public interface Swapper {
  /** There is none. */
  Swapper NONE = (machine, backend, wanted) -> false;

  /**
   * Sees to a changed configuration, if a swap is needed for it, or one is under way.
   *
   * @param wanted the properties that are configured now
   * @return false if no swap is needed, or why it can't be done was logged
   */
  boolean swap(Machine machine, OpenBackend backend, ParsedObject wanted);
}
