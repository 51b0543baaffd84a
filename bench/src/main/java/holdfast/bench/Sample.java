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

  /** Adds each of {@code more}, multiplied by {@code scale}. */
  void addAll(Collection<Double> more, double scale) {
    more.forEach(value -> values.add(value * scale));
  }

  void clear() {
    values.clear();
  }

  boolean isEmpty() {
    return values.isEmpty();
  }

  private static double at(List<Double> sorted, double part) {
    double place = part * (sorted.size() - 1);
    int below = (int) place;
    int above = Math.min(below + 1, sorted.size() - 1);
    return sorted.get(below) + (place - below) * (sorted.get(above) - sorted.get(below));
  }

  /** The middle one. */
  double median() {
    return stats().median();
  }

  /** The middle, the quarters and the ends. */
  Stats stats() {
    if (values.isEmpty()) {
      throw new IllegalStateException("nothing was measured");
    }
    List<Double> sorted = values.stream().sorted().toList();
    return new Stats(
        at(sorted, 0.5),
        at(sorted, 0.25),
        at(sorted, 0.75),
        at(sorted, 0),
        at(sorted, 1),
        sorted.size());
  }

  /** Returns the differences to another sample, one by one, each multiplied by {@code scale}. */
  Sample minus(Sample other, double scale) {
    Sample differences = new Sample();
    for (int at = 0; at < Math.min(values.size(), other.values.size()); at++) {
      differences.add((values.get(at) - other.values.get(at)) * scale);
    }
    return differences;
  }
}
