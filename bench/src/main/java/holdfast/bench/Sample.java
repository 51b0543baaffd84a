package holdfast.bench;

import java.util.ArrayList;
import java.util.Collection;
import java.util.List;

/** What was measured several times of one thing. Not thread-safe. */
final class Sample {
  private final List<Double> values = new ArrayList<>();

  void add(double value) {
    values.add(value);
  }

  void addAll(Collection<Double> more) {
    values.addAll(more);
  }

  private double at(double part) {
    List<Double> sorted = values.stream().sorted().toList();
    return sorted.get((int) Math.round(part * (sorted.size() - 1)));
  }

  /** The middle one. */
  double median() {
    return at(0.5);
  }

  /**
   * The middle, the quarters and the ends, each multiplied by {@code scale}.
   *
   * @param unit what that is in
   */
  String describe(double scale, String unit) {
    return String.format(
        "median %.4g %s  (quartiles %.4g to %.4g, least %.4g, most %.4g, of %d)",
        at(0.5) * scale,
        unit,
        at(0.25) * scale,
        at(0.75) * scale,
        at(0) * scale,
        at(1) * scale,
        values.size());
  }
}
