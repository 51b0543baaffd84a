package holdfast.bench;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What a figure must reach.
 *
 * @param versus the rival to whose figure it must have a ratio; null if the figure itself counts
 */
record Goal(Figure figure, @Nullable Versus versus, Limit limit) {

  /** Returns those of some runs, in their order. */
  static List<Goal> of(List<Run> runs) {
    List<Goal> goals = new ArrayList<>();
    for (Run run : runs) {
      for (Figure figure : run.figures()) {
        if (figure.limit() != null) {
          goals.add(new Goal(figure, null, figure.limit()));
        }
        for (Versus versus : figure.versus()) {
          if (versus.limit() != null) {
            goals.add(new Goal(figure, versus, versus.limit()));
          }
        }
      }
    }
    return goals;
  }

  /** Returns who is compared with; empty if nobody. */
  String rival() {
    return versus == null ? "" : versus.rival();
  }

  /** Returns what counts: the figure or its ratio. */
  double measured() {
    return versus == null ? figure.own().median() : figure.ratio(versus);
  }

  boolean isReached() {
    return limit.isReached(measured());
  }

  /** Returns what counts, in words. */
  String showMeasured() {
    return versus == null ? figure.unit().show(measured()) : Unit.digits(measured()) + " ×";
  }

  /** Returns what it must be, in words. */
  String showLimit() {
    String shown =
        versus == null ? figure.unit().show(limit.value()) : Unit.digits(limit.value()) + " ×";
    return limit.sign() + " " + shown.replaceFirst("(\\.\\d+?)0+(?= )", "$1");
  }

  /** Returns how many times as long, or as much, as the rival, or as allowed: more is worse. */
  double badness() {
    double compared = versus == null ? measured() / limit.value() : measured();
    return limit.most() ? compared : 1 / compared;
  }

  /** Returns the {@link #badness} that is just allowed. */
  double allowed() {
    if (versus == null) {
      return 1;
    }
    return limit.most() ? limit.value() : 1 / limit.value();
  }
}
