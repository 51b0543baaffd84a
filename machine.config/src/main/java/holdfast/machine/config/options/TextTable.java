package holdfast.machine.config.options;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;

/** Lays out rows of cells as lines of text, in aligned columns. */
public final class TextTable {
  private static final int GAP = 2;

  private TextTable() {}

  /**
   * Returns the rows, a line each with its line feed; no line ends in blanks. A column is as wide
   * as its widest cell.
   *
   * @param rows any number of rows with the same number of cells
   */
  public static String lines(List<List<String>> rows) {
    return lines("", Integer.MAX_VALUE, rows);
  }

  /**
   * Returns the rows as {@link #lines(List)}, but a column is as wide as its widest cell of at most
   * {@code widest} characters: a longer one shifts what comes after it in its row.
   *
   * @param indent what each line begins with
   */
  public static String lines(String indent, int widest, List<List<String>> rows) {
    int columns = rows.stream().mapToInt(List::size).max().orElse(0);
    int[] widths = IntStream.range(0, columns).map(column -> width(rows, column, widest)).toArray();
    StringBuilder text = new StringBuilder();
    for (List<String> row : rows) {
      StringBuilder line = new StringBuilder(indent);
      for (int column = 0; column < row.size(); column++) {
        String cell = row.get(column);
        line.append(cell).repeat(' ', Math.max(0, widths[column] - cell.length()) + GAP);
      }
      text.append(line.toString().stripTrailing()).append('\n');
    }
    return text.toString();
  }

  /**
   * Returns the rows as {@link #lines(List)}, in lines of at most {@code width} characters: the
   * last cell of a row goes on in the next line, below its beginning, where the line ends. A word
   * that is longer than its column is not cut.
   */
  public static String wrapped(int width, List<List<String>> rows) {
    int last = rows.getFirst().size() - 1;
    int begins =
        IntStream.range(0, last).map(column -> width(rows, column, Integer.MAX_VALUE) + GAP).sum();
    List<List<String>> wrapped = new ArrayList<>();
    for (List<String> row : rows) {
      List<String> line = new ArrayList<>(row);
      for (String part : parts(row.getLast(), width - begins)) {
        line.set(last, part);
        wrapped.add(List.copyOf(line));
        line.replaceAll(_ -> "");
      }
    }
    return lines(wrapped);
  }

  private static List<String> parts(String text, int width) {
    List<String> parts = new ArrayList<>();
    StringBuilder part = new StringBuilder();
    for (String word : text.split(" ")) {
      if (!part.isEmpty() && part.length() + 1 + word.length() > width) {
        parts.add(part.toString());
        part.setLength(0);
      }
      part.append(part.isEmpty() ? "" : " ").append(word);
    }
    parts.add(part.toString());
    return parts;
  }

  private static int width(List<List<String>> rows, int column, int widest) {
    return rows.stream()
        .mapToInt(row -> row.get(column).length())
        .filter(width -> width <= widest)
        .max()
        .orElse(0);
  }
}
