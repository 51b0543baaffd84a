package holdfast.machine.config.options;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.List;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

class TextTableTest {
  private static final List<List<String>> ROWS =
      List.of(
          List.of("a", "1", "x"),
          List.of("a-long-name", "22", ""),
          List.of("b", "", ""),
          List.of("", "", "y"));

  @Test
  @DisplayName("a column is as wide as its widest cell; no line ends in blanks")
  void aligned() {
    assertEquals(
        """
        a            1   x
        a-long-name  22
        b
                         y
        """,
        TextTable.lines(ROWS));
    assertEquals("", TextTable.lines(List.of()));
  }

  @Test
  @DisplayName("the last cell goes on below its beginning where the line ends; no word is cut")
  void wrapped() {
    assertEquals(
        """
        swap  moves the
              bytes of one
              memory-backend-file
        b
        """,
        TextTable.wrapped(
            18,
            List.of(
                List.of("swap", "moves the bytes of one memory-backend-file"), List.of("b", ""))));
  }

  @Test
  @DisplayName("a cell that is wider than a column may be shifts its row alone")
  void shifted() {
    assertEquals(
        """
        - a  1   x
        - a-long-name  22
        - b
        -        y
        """,
        TextTable.lines("- ", 4, ROWS));
  }
}
