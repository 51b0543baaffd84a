package holdfast.machine.swap;

import holdfast.machine.api.SwapLimits;
import holdfast.machine.api.SwapReport;
import holdfast.machine.copy.Cancellation;
import holdfast.machine.copy.GuestWriters;
import holdfast.machine.core.Region;
import holdfast.machine.core.RegionLease;
import holdfast.machine.swap.internal.journal.GivenWarnings;
import holdfast.machine.swap.internal.journal.Side;
import holdfast.machine.swap.internal.journal.SwapJournal;
import java.io.IOException;
import java.time.Instant;
import java.util.function.Consumer;

/**
 * A swap that is ordered: what it does, and what all its steps share.
 *
 * @param request the request
 * @param target where the region goes
 * @param lease of the region; it ends with the swap
 * @param journal records which file is the valid one
 * @param progress what is reported of it
 * @param cancellation ends it early
 * @param watcher called before each step
 */
record SwapOrder(
    SwapRequest request,
    SwapTarget target,
    RegionLease lease,
    SwapJournal journal,
    Progress progress,
    Cancellation cancellation,
    StepWatcher watcher) {

  /**
   * Makes the order that a request asks for.
   *
   * @param number counts the swaps of the machine
   * @param warnings those that earlier swaps have given
   * @param changed called at each phase and round
   */
  static SwapOrder of(
      int number,
      SwapRequest request,
      SwapTarget target,
      RegionLease lease,
      GivenWarnings warnings,
      StepWatcher watcher,
      Consumer<SwapReport> changed) {
    Region region = lease.region();
    Instant now = Instant.now();
    Side to = SwapRequest.side(target.spec());
    return new SwapOrder(
        request,
        target,
        lease,
        new SwapJournal(region.id(), SwapRequest.present(region, warnings), to, now, warnings),
        new Progress(number, region, target.plan(), request.limits().downtime(), now, changed),
        new Cancellation(),
        watcher);
  }

  Region region() {
    return lease.region();
  }

  SwapLimits limits() {
    return request.limits();
  }

  GuestWriters writers() {
    return request.writers();
  }

  void before(Step step) throws IOException {
    watcher.before(step);
  }
}
