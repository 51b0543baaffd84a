package holdfast.monitor.shell.report;

import holdfast.machine.config.options.Excerpt;
import holdfast.machine.config.options.TextTable;
import java.util.ArrayList;
import java.util.List;

/**
 * Text for a terminal: headings, facts and tables, aligned. Everything shown may come from outside,
 * such as a path: characters that would control the terminal, or be shown as others, are written as
 * escapes ({@link Excerpt#onOneLine}).
 */
public final class Screen {
  private static final int LABEL_WIDTH = 14;

  private final StringBuilder text = new StringBuilder();

  /** Adds a line of its own. */
  public void heading(String line) {
    text.append(Excerpt.onOneLine(line)).append('\n');
  }

  /** Adds a fact about the heading's subject. */
  public void fact(String label, String value) {
    text.append("  ").append(label).append(" ".repeat(LABEL_WIDTH - label.length()));
    text.append(Excerpt.onOneLine(value)).append('\n');
  }

  /** Adds rows under their headings, each column as wide as its widest cell. */
  public void table(List<String> headings, List<List<String>> rows) {
    List<List<String>> all = new ArrayList<>();
    all.add(headings);
    rows.forEach(row -> all.add(row.stream().map(Excerpt::onOneLine).toList()));
    text.append(TextTable.lines(all));
  }

  @Override
  public String toString() {
    return text.toString();
  }
}
