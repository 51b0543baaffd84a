package holdfast.bench;

/**
 * What one migration took.
 *
 * @param total nanoseconds in all
 * @param pause nanoseconds for which the guest stood still
 * @param bytes what went over
 * @param stores how many pages a second the guest stored into meanwhile; not a number for an idle
 *     one
 */
record Migrated(double total, double pause, double bytes, double stores) {
  private static final double SECOND = 1e9;

  /** Returns how many stores a second so many in a time are; not a number if there were none. */
  static double stores(double count, double nanos) {
    return count == 0 ? Double.NaN : count * SECOND / nanos;
  }

  /** Returns how many bytes a second went over. */
  double rate() {
    return bytes * SECOND / total;
  }
}
