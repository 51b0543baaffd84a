package holdfast.backend.api;

/** From which NUMA nodes of the host a block's pages are taken, mbind(2). */
public enum NumaPolicy {
  /** As the host has it for the process. */
  DEFAULT,
  /** From the given nodes as long as they have free pages, then from others. */
  PREFERRED,
  /** From the given nodes alone. */
  BIND,
  /** From the given nodes in turn. */
  INTERLEAVE
}
