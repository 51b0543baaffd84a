package holdfast.machine.api;

import holdfast.backend.api.BackendId;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.osgi.annotation.versioning.ProviderType;

/**
 * The service that moves the bytes of a live region to another backing, at the same addresses,
 * while its writers run. It knows the regions and swaps of the present machine only: none while no
 * machine is up, and no swap of an earlier machine.
 *
 * <p>At every moment exactly one of the two backings is the valid one: the old one until the
 * switch, the new one after it. A swap that fails in any phase leaves the old one serving as
 * before, and removes the new one; a file that was overwritten stays, and must not be used.
 *
 * <p>Thread-safe. Several regions can be swapped at the same time; a region has one swap at a time.
 */
@ProviderType
public interface LiveSwap {

  /**
   * Returns what a swap would do, and changes nothing.
   *
   * @param changes properties of the memory backend and their values as on the command line, {@code
   *     qom-type} among them if its type is to change; properties that are not named keep their
   *     values
   * @param limits what the swap may cost
   * @throws SwapException if the swap can't work, or if the region is being swapped, or still is
   *     being planned for or changed by another caller after one second
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

  /** Returns the swap of a region that is under way, if there is one. */
  Optional<RunningSwap> running(BackendId region);

  /** Returns the swaps of a region that have ended and are still remembered, the latest first. */
  List<SwapReport> history(BackendId region);
}
