package holdfast.backend.api;

import java.util.Collections;
import java.util.Locale;
import java.util.SortedSet;
import java.util.TreeSet;

/**
 * The NUMA nodes of the host that a block's pages come from.
 *
 * @param policy how the nodes are used
 * @param hostNodes their numbers, from 0; empty if and only if the policy is {@link
 *     NumaPolicy#DEFAULT}
 */
public record NumaBinding(NumaPolicy policy, SortedSet<Integer> hostNodes) {
  /** Leaves the choice of nodes to the host. */
  public static final NumaBinding NONE =
      new NumaBinding(NumaPolicy.DEFAULT, Collections.emptySortedSet());

  /**
   * @throws IllegalArgumentException if nodes are given without a policy that uses them, a policy
   *     that needs nodes has none, or a node's number is negative
   */
  public NumaBinding {
    hostNodes = Collections.unmodifiableSortedSet(new TreeSet<>(hostNodes));
    if (policy == NumaPolicy.DEFAULT && !hostNodes.isEmpty()) {
      throw new IllegalArgumentException(
          "host-nodes is set, but policy=default doesn't use them: add policy=bind, preferred or"
              + " interleave, or leave host-nodes out");
    }
    if (policy != NumaPolicy.DEFAULT && hostNodes.isEmpty()) {
      throw new IllegalArgumentException(
          "policy="
              + policy.name().toLowerCase(Locale.ROOT)
              + " without nodes: add host-nodes=0, for example, or leave policy out");
    }
    if (!hostNodes.isEmpty() && hostNodes.first() < 0) {
      throw new IllegalArgumentException("host-nodes=" + hostNodes.first() + ": write 0 or more");
    }
  }
}
