package holdfast.launcher.internal.cli;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.util.List;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What the shell shows of a failed command. */
class SentencesTest {
  private static String of(String line) {
    return Sentences.of(line, () -> List.of("gogo:echo", "ram:list"));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "java.lang.InterruptedException",
        "\u001b[31mjava.lang.InterruptedException\u001b[0m",
        "\u001b[31mjava.lang.InterruptedException: sleep interrupted\u001b[39m",
        "sleep: java.lang.InterruptedException: sleep interrupted",
      })
  @DisplayName("an interrupted command needs no word: its user knows")
  void interrupted(String line) {
    assertEquals("", of(line));
  }

  @Test
  @DisplayName("nor one of Gogo's own that says so itself; what else it says comes out")
  void errors() {
    ByteArrayOutputStream terminal = new ByteArrayOutputStream();
    PrintStream errors = new PrintStream(Sentences.errors(terminal), true, UTF_8);

    errors.println("sleep: java.lang.InterruptedException: sleep interrupted");
    errors.println("grep: é is no pattern");

    assertEquals("grep: é is no pattern\n", terminal.toString(UTF_8));
  }

  @Test
  @DisplayName("a command that is not there is named, with what was meant, or where to look")
  void unknown() {
    String line =
        "\u001b[31morg.apache.felix.gogo.runtime.CommandNotFoundException: Command not found: cho"
            + "\u001b[0m";

    assertEquals("\u001b[31mthere is no command cho; did you mean echo?\u001b[0m", of(line));
    assertEquals(
        "there is no command c$1\\u009b; help lists those there are",
        of("org.apache.felix.gogo.runtime.CommandNotFoundException: Command not found: c$1\u009b"));
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "\u001b[31mholdfast: m is missing\u001b[0m", "a b"})
  @DisplayName("anything else stays as it is")
  void others(String line) {
    assertEquals(line, of(line));
  }
}
