package holdfast.bench;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** What a part finds; prints it as it comes. */
final class Findings {
  private final List<Figure> figures = new ArrayList<>();
  private final List<String> remarks = new ArrayList<>();

  /** Adds a figure. */
  void add(Figure figure) {
    figures.add(figure);
    System.out.println(
        "  " + figure.what() + ": " + figure.unit().show(figure.own()) + own(figure));
    for (Versus other : figure.versus()) {
      System.out.println(
          "      "
              + other.rival()
              + ": "
              + figure.unit().show(other.stats())
              + "; ratio "
              + Unit.digits(figure.ratio(other))
              + verdict(other.limit(), figure.ratio(other), Unit.COUNT));
    }
  }

  private static String own(Figure figure) {
    return verdict(figure.limit(), figure.own().median(), figure.unit());
  }

  private static String verdict(@Nullable Limit limit, double measured, Unit unit) {
    if (limit == null) {
      return "";
    }
    return ", must be "
        + limit.sign()
        + " "
        + unit.show(limit.value())
        + (limit.isReached(measured) ? ": reached" : ": NOT REACHED");
  }

  /** Adds a sentence that a reader of the figures must know. */
  void remark(String sentence) {
    remarks.add(sentence);
    System.out.println("  (" + sentence + ")");
  }

  List<Figure> figures() {
    return List.copyOf(figures);
  }

  List<String> remarks() {
    return List.copyOf(remarks);
  }
}
