package holdfast.machine.config.options;

import java.util.ArrayList;
import java.util.List;

/** A help text with a heading and two aligned columns. */
final class HelpTable {
  private static final int WIDEST = 32;

  private final String heading;
  private final List<List<String>> rows = new ArrayList<>();

  HelpTable(String heading) {
    this.heading = heading;
  }

  void add(String left, String right) {
    rows.add(List.of(left, right));
  }

  /** Returns the text; a cell that is too wide for the left column shifts the right one. */
  HelpText toHelpText() {
    return new HelpText(heading + '\n' + TextTable.lines("  ", WIDEST, rows));
  }
}
