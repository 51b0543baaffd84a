package holdfast.itest.dax;

import holdfast.backend.api.BackendId;
import holdfast.backend.api.ByteSize;
import holdfast.machine.api.LiveSwap;
import holdfast.machine.api.RunningSwap;
import holdfast.machine.api.SwapException;
import holdfast.machine.api.SwapLimits;
import holdfast.machine.api.SwapPhase;
import holdfast.machine.api.SwapPlan;
import holdfast.machine.api.SwapReport;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import org.osgi.framework.BundleContext;
import org.osgi.framework.ServiceReference;

/**
 * An operator who has the bytes of a memory backend moved to another file while the guest works.
 * Reports {@code plan} (how dirty pages are known, the pause in ms), {@code phase} for each phase
 * that was seen, and {@code swapped} (the last phase, the bytes copied, rounds, the pause in ms,
 * why it was rolled back).
 */
final class SwapOrder {
  /** The framework property with what changes, such as {@code mem-path=/dax/new,pmem=on}. */
  static final String CHANGES = "holdfast.itest.swap.changes";

  /** The framework property with the bytes a second that may be copied; 0 for all that can be. */
  static final String BANDWIDTH = "holdfast.itest.swap.bandwidth";

  /** The framework property that is there if every page is to be compared before the switch. */
  static final String VERIFY = "holdfast.itest.swap.verify";

  private static final Duration LOOK_EVERY = Duration.ofMillis(1);

  /** Under emulation, and with two processors, nothing is quick. */
  private static final Duration PATIENCE = Duration.ofSeconds(30);

  private SwapOrder() {}

  /** Gives it in a thread of its own. */
  static void start(BundleContext context, BackendId region, ReportPort to) {
    Thread.ofPlatform().name("operator").daemon().start(() -> run(context, region, to));
  }

  private static void run(BundleContext context, BackendId region, ReportPort to) {
    try {
      ServiceReference<LiveSwap> reference =
          Objects.requireNonNull(context.getServiceReference(LiveSwap.class), "no LiveSwap");
      LiveSwap swaps = Objects.requireNonNull(context.getService(reference), "no LiveSwap");
      Map<String, String> changes = changes(context);
      SwapLimits limits =
          SwapLimits.DEFAULT
              .withBandwidth(new ByteSize(Long.parseLong(context.getProperty(BANDWIDTH))))
              .withDowntime(PATIENCE)
              .withPause(PATIENCE)
              .withVerify(context.getProperty(VERIFY) != null);
      SwapPlan plan = swaps.plan(region, changes, limits);
      to.line("plan", plan.tracking(), plan.pause().toMillis());
      follow(swaps.start(region, changes, limits), to);
    } catch (SwapException | InterruptedException | RuntimeException e) {
      to.line("failed", e);
    }
  }

  private static Map<String, String> changes(BundleContext context) {
    Map<String, String> changes = new LinkedHashMap<>();
    for (String change : context.getProperty(CHANGES).split(",", -1)) {
      int equals = change.indexOf('=');
      changes.put(change.substring(0, equals), change.substring(equals + 1));
    }
    return changes;
  }

  private static void follow(RunningSwap swap, ReportPort to) throws InterruptedException {
    SwapPhase told = SwapPhase.PLAN;
    while (true) {
      SwapReport report = swap.await(LOOK_EVERY);
      if (report.phase() != told) {
        told = report.phase();
        to.line("phase", told);
      }
      if (told.isEnd()) {
        to.line(
            "swapped",
            told,
            report.copied().bytes(),
            report.round(),
            report.pause().toMillis(),
            report.reason());
        return;
      }
    }
  }
}
