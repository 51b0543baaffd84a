package holdfast.launcher.internal.report;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.List;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

/** Text for a terminal stands in columns. */
class ScreenTest {
  @Test
  void factsStandUnderTheirHeading() {
    Screen screen = new Screen();
    screen.heading("a backend");
    screen.fact("size", "1M");
    screen.fact("granularity", "page");

    assertEquals("a backend\n  size          1M\n  granularity   page\n", screen.toString());
  }

  @Test
  @DisplayName("a column is as wide as its widest cell; no line ends in blanks")
  void tablesAreAligned() {
    Screen screen = new Screen();
    screen.table(List.of("ID", "SIZE"), List.of(List.of("a-long-id", "1M"), List.of("b", "")));

    assertEquals("ID         SIZE\na-long-id  1M\nb\n", screen.toString());
  }

  @Test
  void anEmptyTableIsItsHeadings() {
    Screen screen = new Screen();
    screen.table(List.of("ID", "SIZE"), List.of());

    assertEquals("ID  SIZE\n", screen.toString());
  }
}
