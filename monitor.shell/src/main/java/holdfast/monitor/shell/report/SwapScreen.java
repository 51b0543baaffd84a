package holdfast.monitor.shell.report;

import holdfast.machine.admin.SwapWords;
import holdfast.machine.api.SwapPlan;

/** Shows plans of live swaps on a terminal. */
public final class SwapScreen {
  private SwapScreen() {}

  /** Shows what a swap would do, one fact a line. */
  public static void show(SwapPlan plan, Screen screen) {
    screen.heading("swap of memory backend '" + plan.region() + "'");
    plan.changes().forEach(change -> screen.fact("changes", change));
    screen.fact("requests", ObjectReport.listed(" ", plan.requestedFlags()));
    screen.fact(
        "granularity",
        plan.requestedGranularity()
            + " is requested, and known when it is mapped; now it is "
            + plan.granularity());
    plan.free()
        .ifPresent(
            free ->
                screen.fact(
                    "space", plan.bytes().rounded() + " needed, " + free.rounded() + " free"));
    screen.fact("to copy", plan.bytes().rounded() + ", " + SwapWords.expected(plan));
    if (plan.endsWithProcess()) {
      screen.fact("kept", "until the process ends: no file with a name holds the bytes then");
    }
    screen.fact("tracking", plan.tracking());
    screen.fact(
        "pause",
        plan.pause().equals(plan.time())
            ? "about " + SwapWords.roughly(plan.pause()) + ", in which all is copied"
            : "to copy and persist what is left, at most "
                + SwapWords.roughly(plan.pause())
                + " (the downtime limit); what finds and exchanges it comes on top");
  }
}
