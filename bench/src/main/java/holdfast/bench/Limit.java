package holdfast.bench;

/**
 * What a figure, or its ratio to a rival's, must reach.
 *
 * @param most whether it must be no more; else no less
 */
record Limit(boolean most, double value) {

  static Limit atMost(double value) {
    return new Limit(true, value);
  }

  static Limit atLeast(double value) {
    return new Limit(false, value);
  }

  /** Returns whether a number as it is printed keeps the limit: nobody sees more digits. */
  boolean isReached(double measured) {
    double printed = Double.parseDouble(Unit.digits(measured));
    return most ? printed <= value : printed >= value;
  }

  /** Returns the sign. */
  String sign() {
    return most ? "≤" : "≥";
  }
}
