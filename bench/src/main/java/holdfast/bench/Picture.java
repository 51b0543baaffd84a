package holdfast.bench;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * Draws what must be reached: ratios to rivals as bars from the rival's line, on a logarithmic
 * scale, and the rest as bars of what is allowed. Of figures in one row the worst is drawn. The
 * colours follow what the reader's screen prefers, light or dark.
 */
final class Picture {
  private static final int WIDTH = 1040;
  private static final int LEFT = 440;
  private static final int RIGHT = 834;
  private static final int ROW = 19;
  private static final int BAR = 11;

  /** The ends of the scale of ratios. */
  private static final double LEAST = 1.0 / 16;

  private static final double MOST = 32;

  /** The end of the scale of what is allowed. */
  private static final double MOST_ALLOWED = 3;

  private static final String STYLE =
      """
      <style>
        svg { font: 12px "DejaVu Sans", "Segoe UI", Helvetica, Arial, sans-serif; }
        .paper { fill: #ffffff; } .text { fill: #1f2328; } .dim { fill: #656d76; }
        .grid { stroke: #d8dee4; } .rival { stroke: #1f2328; } .goal { stroke: #1f2328; stroke-width: 2; }
        .good { fill: #3b7dd8; } .bad { fill: #e08a1e; }
        .head { font-weight: bold; font-size: 13px; } .end { text-anchor: end; } .middle { text-anchor: middle; }
        @media (prefers-color-scheme: dark) {
          .paper { fill: #0d1117; } .text { fill: #e6edf3; } .dim { fill: #8d96a0; }
          .grid { stroke: #30363d; } .rival { stroke: #e6edf3; } .goal { stroke: #e6edf3; }
          .good { fill: #5b9bf0; } .bad { fill: #f0a040; }
        }
      </style>
      """;

  private final StringBuilder body = new StringBuilder();
  private int at = 24;

  /** Returns the picture as SVG. */
  static String draw(List<Run> runs) {
    Picture picture = new Picture();
    List<Goal> ratios = new ArrayList<>();
    List<Goal> shares = new ArrayList<>();
    for (Goal goal : worst(Goal.of(runs))) {
      if (goal.versus() != null) {
        ratios.add(goal);
      } else {
        shares.add(goal);
      }
    }
    picture.legend(runs);
    picture.ratios(ratios);
    picture.shares(shares);
    return String.format(
        Locale.ROOT,
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %d\" width=\"%d\" height=\"%d\""
            + " role=\"img\">%n<title>Holdfast beside its rivals</title>%n%s"
            + "<rect class=\"paper\" width=\"%d\" height=\"%d\"/>%n%s</svg>%n",
        WIDTH,
        picture.at,
        WIDTH,
        picture.at,
        STYLE,
        WIDTH,
        picture.at,
        picture.body);
  }

  /** Returns the worst goal of each row and rival. */
  private static List<Goal> worst(List<Goal> goals) {
    Map<String, Goal> worst = new LinkedHashMap<>();
    for (Goal goal : goals) {
      worst.merge(
          goal.figure().row() + "/" + goal.rival() + "/" + goal.showLimit(),
          goal,
          (one, other) -> one.badness() >= other.badness() ? one : other);
    }
    return List.copyOf(worst.values());
  }

  private void legend(List<Run> runs) {
    boolean quick = runs.stream().anyMatch(Run::quick);
    text(
        16,
        at,
        "text head",
        "Holdfast beside its rivals, measured in the same run" + (quick ? " (rough)" : ""));
    at += 22;
    rect("good", 16, at - 10, 22, BAR);
    text(44, at, "dim", "reached");
    rect("bad", 116, at - 10, 22, BAR);
    text(144, at, "dim", "falls short");
    line("goal", 242, at - 12, at + 3);
    text(252, at, "dim", "must be reached: the bar should end left of it");
    at += 28;
  }

  private void ratios(List<Goal> goals) {
    if (goals.isEmpty()) {
      return;
    }
    text(16, at, "text head", "As a multiple of the rival’s time");
    text(LEFT, at, "dim", "← faster than the rival");
    text(RIGHT, at, "dim end", "slower →");
    at += 8;
    int top = at;
    int bottom = top + goals.size() * ROW + 4;
    for (double tick = LEAST; tick <= MOST; tick *= 2) {
      line(tick == 1 ? "rival" : "grid", x(tick), top, bottom);
      String name = tick >= 1 ? "" + (int) tick : "1/" + (int) (1 / tick);
      text(x(tick), bottom + 14, "dim middle", name);
    }
    for (Goal goal : goals) {
      double end = x(goal.badness());
      row(
          goal,
          goal.figure().row() + " ÷ " + goal.rival(),
          Math.min(x(1), end),
          Math.abs(end - x(1)),
          x(goal.allowed()));
    }
    at = bottom + 44;
  }

  private void shares(List<Goal> goals) {
    if (goals.isEmpty()) {
      return;
    }
    text(16, at, "text head", "As a share of what is allowed");
    at += 8;
    int top = at;
    int bottom = top + goals.size() * ROW + 4;
    for (int tick = 0; tick <= MOST_ALLOWED; tick++) {
      line("grid", share(tick), top, bottom);
      text(share(tick), bottom + 14, "dim middle", "" + tick);
    }
    for (Goal goal : goals) {
      double badness = Double.isNaN(goal.badness()) ? 0 : goal.badness();
      row(goal, goal.figure().row(), LEFT, share(badness) - LEFT, share(1));
    }
    at = bottom + 32;
  }

  private void row(Goal goal, String label, double from, double width, double limit) {
    int middle = at + ROW / 2 + 2;
    text(LEFT - 10, middle + 4, "text end", label);
    rect(goal.isReached() ? "good" : "bad", from, middle - BAR / 2, Math.max(width, 1), BAR);
    line("goal", limit, middle - 8, middle + 8);
    text(RIGHT + 14, middle + 4, "text", goal.showMeasured());
    text(WIDTH - 16, middle + 4, "dim end", goal.showLimit());
    at += ROW;
  }

  private static double x(double ratio) {
    double held = Math.clamp(ratio, LEAST, MOST);
    double part = Math.log(held / LEAST) / Math.log(MOST / LEAST);
    return LEFT + part * (RIGHT - LEFT);
  }

  private static double share(double share) {
    return LEFT + Math.min(share, MOST_ALLOWED) / MOST_ALLOWED * (RIGHT - LEFT);
  }

  private void text(double x, double y, String kind, String words) {
    String safe = words.replace("&", "&amp;").replace("<", "&lt;");
    body.append(
        String.format(
            Locale.ROOT, "<text class=\"%s\" x=\"%.1f\" y=\"%.1f\">%s</text>%n", kind, x, y, safe));
  }

  private void rect(String kind, double x, double y, double width, double height) {
    body.append(
        String.format(
            Locale.ROOT,
            "<rect class=\"%s\" x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\"/>%n",
            kind,
            x,
            y,
            width,
            height));
  }

  private void line(String kind, double x, double top, double bottom) {
    body.append(
        String.format(
            Locale.ROOT,
            "<line class=\"%s\" x1=\"%.1f\" y1=\"%.1f\" x2=\"%.1f\" y2=\"%.1f\"/>%n",
            kind,
            x,
            top,
            x,
            bottom));
  }
}
