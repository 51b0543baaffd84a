package holdfast.machine.admin;

import holdfast.machine.api.SwapPlan;
import holdfast.machine.api.SwapReport;
import java.math.BigDecimal;
import java.math.MathContext;
import java.time.Duration;
import java.util.Locale;

/** Describes live swaps in words, in the log and in every command alike. */
public final class SwapWords {
  private static final MathContext TWO_DIGITS = new MathContext(2);

  /** The beginning of the basis of a plan's time that is a lower bound. */
  private static final String AT_LEAST = "at least: ";

  private SwapWords() {}

  /** Returns how long the copy of a plan takes, and the basis of that estimate. */
  public static String expected(SwapPlan plan) {
    String basis = plan.basis();
    return basis.startsWith(AT_LEAST)
        ? "at least " + roughly(plan.time()) + ", " + basis.substring(AT_LEAST.length())
        : "about " + roughly(plan.time()) + ", " + basis;
  }

  /**
   * Returns the progress of a swap, or its outcome, as one sentence. Paths in it are as they are: a
   * door escapes what its terminal or log must not be shown.
   */
  public static String line(SwapReport report) {
    String name = "swap " + report.number() + " of '" + report.region() + "' to " + report.to();
    return switch (report.phase()) {
      case DONE ->
          String.format(
              Locale.ROOT,
              "%s: done: %s copied in %d rounds, writers paused for %s%s, %s in all%s",
              name,
              report.copied().rounded(),
              report.round(),
              millis(report.pause()),
              report.pause().compareTo(report.downtime()) > 0
                  ? ", longer than the downtime limit of " + roughly(report.downtime())
                  : "",
              roughly(report.time()),
              report.reason().isEmpty() ? "" : "; " + report.reason());
      case ROLLED_BACK ->
          name + ": rolled back after " + roughly(report.time()) + ": " + report.reason();
      case PLAN, PREPARE -> name + ": " + report.phase();
      case RELEASE -> name + ": release: writers paused for " + millis(report.pause());
      case COPY, VERIFY, SWITCH ->
          String.format(
              Locale.ROOT,
              "%s: %s: %s of %s copied%s",
              name,
              report.phase(),
              report.copied().rounded(),
              report.total().rounded(),
              report.round() == 0 ? "" : afterARound(report));
    };
  }

  /** Returns the facts that are known from the first round on. */
  private static String afterARound(SwapReport report) {
    return String.format(
        Locale.ROOT,
        " in %d rounds, %s dirty, %s/s dirtied, %s/s copied, pause expected %s",
        report.round(),
        report.dirty().rounded(),
        report.dirtyRate().rounded(),
        report.copyRate().rounded(),
        millis(report.expectedPause()));
  }

  /** Returns an estimated time, with no more digits than it can be accurate to. */
  public static String roughly(Duration time) {
    double millis = time.toNanos() / 1e6;
    if (millis < 1) {
      return millis == 0 ? "0 ms" : "1 ms";
    }
    if (millis < 1000) {
      return new BigDecimal(millis).round(TWO_DIGITS).toPlainString() + " ms";
    }
    return millis < 3000
        ? String.format(Locale.ROOT, "%.1f s", millis / 1000)
        : Math.round(millis / 1000) + " s";
  }

  /** Returns a time that was measured. */
  static String millis(Duration time) {
    return String.format(Locale.ROOT, "%.1f ms", time.toNanos() / 1e6);
  }
}
