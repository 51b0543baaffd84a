package holdfast.launcher.internal.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The command that is suggested for one that is not there. */
class MeantCommandTest {
  private static final List<String> COMMANDS =
      List.of(
          "gogo:echo",
          "gogo:ls",
          "holdfast:quit",
          "machine:status",
          "ram:list",
          "ram:show",
          "scr:info",
          "scr:list");

  @ParameterizedTest
  @CsvSource({
    "ram:lst, ram:list",
    "ram:shwo, ram:show",
    "lst, ram:list",
    "shwo, ram:show",
    "rma:list, ram:list",
    "machine:statsu, machine:status",
    "scr:lsit, scr:list",
    "cho, echo",
    "quti, quit",
    "ram:cont, ram:resume",
    "cont, ram:resume",
    "ram:nonsense, ''",
    "nonsense, ''",
    ":, ''",
  })
  void meant(String wrong, String meant) {
    assertEquals(meant, new MeantCommand(COMMANDS).by(wrong).orElse(""));
  }
}
