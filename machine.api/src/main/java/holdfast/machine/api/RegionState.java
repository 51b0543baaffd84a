package holdfast.machine.api;

/** How a memory region is served. */
public enum RegionState {
  /** An allocator serves the memory and makes it durable in the best way it can. */
  ATTACHED,

  /**
   * The allocator was removed (its bundle was stopped, updated or uninstalled). The memory keeps
   * serving at the same addresses, made durable by the kernel alone, until another allocator takes
   * it over and the region is {@link #ATTACHED} again.
   */
  DETACHED,

  /**
   * The host could not provide a page of the backing (the file was truncated, the disk is full or
   * failed). Stores may have been lost before this was noticed, so no byte of the region can be
   * relied on. This state is final.
   */
  FAILED
}
