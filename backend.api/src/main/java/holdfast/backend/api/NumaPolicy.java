package holdfast.backend.api;

/** How the NUMA nodes that a block's pages come from are chosen, mbind(2). */
public enum NumaPolicy {
  /** By the host's policy for the process. */
  DEFAULT,
  /** From the given nodes while they have free pages, then from others. */
  PREFERRED,
  /** From the given nodes only. */
  BIND,
  /** From the given nodes in turn. */
  INTERLEAVE
}
