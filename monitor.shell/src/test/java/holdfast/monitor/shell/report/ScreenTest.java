package holdfast.monitor.shell.report;

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
  @DisplayName("nothing that a terminal would obey is shown, and columns stay aligned")
  void controlCharactersAreEscaped() {
    Screen screen = new Screen();
    screen.heading("a\rb");
    screen.fact("path", "/x\u001b]0;title\u0007");
    screen.table(List.of("A", "B"), List.of(List.of("\u202e", "1"), List.of("ж漢", "2")));

    assertEquals(
        """
        a\\u000db
          path          /x\\u001b]0;title\\u0007
        A       B
        \\u202e  1
        ж漢      2
        """,
        screen.toString());
  }

  @Test
  void anEmptyTableIsItsHeadings() {
    Screen screen = new Screen();
    screen.table(List.of("ID", "SIZE"), List.of());

    assertEquals("ID  SIZE\n", screen.toString());
  }
}
