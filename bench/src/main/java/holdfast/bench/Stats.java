package holdfast.bench;

import java.util.Map;

/**
 * The middle of what was measured several times, its quarters and its ends.
 *
 * @param count how often it was measured
 */
record Stats(double median, double lower, double upper, double least, double most, int count) {

  /** Returns it as JSON. */
  Map<String, Object> toJson() {
    return Map.of(
        "median", median, "lower", lower, "upper", upper, "least", least, "most", most, "count",
        count);
  }

  /** Reads what {@link #toJson} wrote. */
  static Stats of(Json json) {
    return new Stats(
        json.number("median"),
        json.number("lower"),
        json.number("upper"),
        json.number("least"),
        json.number("most"),
        (int) json.number("count"));
  }
}
