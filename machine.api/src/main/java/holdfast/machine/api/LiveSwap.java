package holdfast.machine.api;

import holdfast.backend.api.BackendId;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * The service that moves the bytes of a live region to another backing, at the same addresses,
 * while its writers run. While no machine is up, or another one than at the time of a swap, it
 * knows of no region and of no swap.
 *
 * <p>At every moment exactly one of the two backings is the good one: the old one until the switch,
 * the new one from then on. A swap that fails in any phase leaves the old one serving as before,
 * and takes the new one away again; a file that was overwritten stays, and is not to be used.
 *
 * <p>Thread-safe. Regions can be swapped at the same time; a region has one swap at a time.
 */
public interface LiveSwap {

  /**
   * What a swap would do; nothing is touched.
   *
   * @param changes properties of the memory backend and their values as on the command line, {@code
   *     qom-type} among them if its type is to change; what is not named stays as it is
   * @param limits what it may cost
   * @throws SwapException if it can't work, or the region has a swap under way, or for a second
   *     another plan or a change of its properties
   */
  SwapPlan plan(BackendId region, Map<String, String> changes, SwapLimits limits)
      throws SwapException;

  /**
   * Starts a swap and returns as soon as it is planned.
   *
   * @param changes as for {@link #plan}
   * @throws SwapException as for {@link #plan}
   */
  RunningSwap start(BackendId region, Map<String, String> changes, SwapLimits limits)
      throws SwapException;

  /** The swap of a region that is under way. */
  Optional<RunningSwap> running(BackendId region);

  /** The swaps of a region that have ended, the latest first; as many as are remembered. */
  List<SwapReport> history(BackendId region);
}
