package holdfast.machine.api;

/** How a memory region is served at present. */
public enum RegionState {
  /** An allocator looks after the memory and makes it durable in the best way it knows. */
  ATTACHED,

  /**
   * The allocator went away (its bundle was stopped, updated or uninstalled). The memory keeps
   * serving at the same addresses, made durable by the kernel's means alone, until the next
   * allocator takes it over: back to {@link #ATTACHED}.
   */
  DETACHED,

  /**
   * The host could not provide a page of the backing (the file was truncated, the disk is full or
   * failed). Stores may have been lost before this was noticed; nothing is known about any byte of
   * the region. Final.
   */
  FAILED
}
