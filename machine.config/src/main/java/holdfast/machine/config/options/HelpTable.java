package holdfast.machine.config.options;

import java.util.LinkedHashMap;
import java.util.SequencedMap;

/** A help text with a heading and two aligned columns. */
final class HelpTable {
  private static final int WIDEST = 32;

  private final String heading;
  private final SequencedMap<String, String> rows = new LinkedHashMap<>();

  HelpTable(String heading) {
    this.heading = heading;
  }

  void add(String left, String right) {
    rows.put(left, right);
  }

  /** Returns the text; a cell that is too wide for the left column shifts the right one. */
  HelpText toHelpText() {
    int width =
        rows.keySet().stream().mapToInt(String::length).filter(w -> w <= WIDEST).max().orElse(1);
    StringBuilder text = new StringBuilder(heading).append('\n');
    rows.forEach(
        (left, right) ->
            text.append("  ")
                .append(left)
                .repeat(' ', Math.max(0, width - left.length()))
                .append("  ")
                .append(right)
                .append('\n'));
    return new HelpText(text.toString());
  }
}
