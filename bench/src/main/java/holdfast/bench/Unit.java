package holdfast.bench;

import java.util.Locale;

/** What a figure counts. */
enum Unit {
  /** Nanoseconds. */
  TIME(new double[] {1, 1e3, 1e6, 1e9}, new String[] {"ns", "µs", "ms", "s"}),
  /** Bytes. */
  BYTES(new double[] {1, 1 << 10, 1 << 20, 1 << 30}, new String[] {"B", "KiB", "MiB", "GiB"}),
  /** Bytes a second. */
  RATE(new double[] {1, 1e3, 1e6, 1e9}, new String[] {"B/s", "kB/s", "MB/s", "GB/s"}),
  /** Things. */
  COUNT(new double[] {1}, new String[] {""});

  private final double[] scales;
  private final String[] names;

  Unit(double[] scales, String[] names) {
    this.scales = scales;
    this.names = names;
  }

  /** Returns whether more of it is better. */
  boolean moreIsBetter() {
    return this == RATE;
  }

  /** Returns a value with three digits and its unit. */
  String show(double value) {
    int at = scale(value);
    return (digits(value / scales[at]) + " " + names[at]).strip();
  }

  /** Returns the quarters and the middle, in one unit. */
  String show(Stats stats) {
    int at = scale(stats.median());
    double by = scales[at];
    return (digits(stats.median() / by) + " " + names[at]).strip()
        + " ("
        + digits(stats.lower() / by)
        + " to "
        + digits(stats.upper() / by)
        + ")";
  }

  private int scale(double value) {
    int at = 0;
    while (at + 1 < scales.length && Math.abs(value) >= scales[at + 1]) {
      at++;
    }
    return at;
  }

  /** Returns three digits of a number, without zeros that say nothing. */
  static String digits(double value) {
    if (value == Math.rint(value) && Math.abs(value) < 1000) {
      return Long.toString((long) value);
    }
    double size = Math.abs(value);
    return String.format(Locale.ROOT, size >= 100 ? "%.0f" : size >= 10 ? "%.1f" : "%.2f", value);
  }
}
