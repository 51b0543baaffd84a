package holdfast.machine.config.options;

import java.util.Arrays;
import java.util.Collection;
import java.util.Comparator;
import java.util.Optional;

/** Finds the name that was probably meant. */
final class Nearest {
  private static final int LONGEST_NAME = 64;

  private Nearest() {}

  /**
   * Returns the name that is nearest to {@code wrong}, if no more than a third of its letters are
   * wrong.
   */
  static Optional<String> to(String wrong, Collection<String> names) {
    if (wrong.length() > LONGEST_NAME) {
      return Optional.empty();
    }
    return names.stream()
        .filter(name -> distance(wrong, name) <= Math.max(1, name.length() / 3))
        .min(Comparator.comparingInt(name -> distance(wrong, name)));
  }

  /** Returns how many letters must be inserted, removed or replaced (Levenshtein distance). */
  private static int distance(String from, String to) {
    int[] row = new int[to.length() + 1];
    Arrays.setAll(row, i -> i);
    for (int i = 1; i <= from.length(); i++) {
      int diagonal = row[0];
      row[0] = i;
      for (int j = 1; j <= to.length(); j++) {
        int replaced = diagonal + (from.charAt(i - 1) == to.charAt(j - 1) ? 0 : 1);
        diagonal = row[j];
        row[j] = Math.min(replaced, 1 + Math.min(row[j], row[j - 1]));
      }
    }
    return row[to.length()];
  }
}
