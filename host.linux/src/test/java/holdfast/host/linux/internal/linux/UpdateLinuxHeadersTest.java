package holdfast.host.linux.internal.linux;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The script that makes the generated sources, run as a developer runs it. */
class UpdateLinuxHeadersTest {
  private static final Path SCRIPT = Path.of("../cnf/update-linux-headers").toAbsolutePath();
  private static final Path SOURCES =
      Path.of("src/main/java/holdfast/host/linux/internal/linux").toAbsolutePath();
  private static final int SAME_OR_DONE = 0;
  private static final int DIFFERENT = 1;
  private static final int WRONG_USAGE = 2;
  private static final int NOT_HERE = 3;

  @TempDir private Path folder;

  @BeforeEach
  void needsTheSourceTree() {
    assumeTrue(Files.isExecutable(SCRIPT), "not run in the source tree: no " + SCRIPT);
  }

  private record Outcome(int code, List<String> words) {
    private List<String> lines(String start, String notStart) {
      return words.stream()
          .filter(line -> line.startsWith(start) && !line.startsWith(notStart))
          .toList();
    }
  }

  private Outcome run(String path, String... arguments) throws IOException, InterruptedException {
    Path words = folder.resolve("words");
    ProcessBuilder builder = new ProcessBuilder("/bin/bash", SCRIPT.toString());
    builder.command().addAll(Arrays.asList(arguments));
    builder.environment().put("PATH", path);
    Process process = builder.redirectErrorStream(true).redirectOutput(words.toFile()).start();
    if (!process.waitFor(3, TimeUnit.MINUTES)) {
      process.descendants().forEach(ProcessHandle::destroy);
      process.destroy();
      assumeTrue(false, "apt brings the packages too slowly: not done after 3 minutes");
    }
    return new Outcome(process.exitValue(), Files.readAllLines(words, StandardCharsets.UTF_8));
  }

  private static String path() {
    return System.getenv("PATH");
  }

  @Test
  @DisplayName(
      "--check makes the committed sources again byte for byte from the packages that they name:"
          + " of a copy with one number changed, that number is the only difference")
  void theCommittedSourcesAreMadeAgain() throws IOException, InterruptedException {
    Path copy = Files.createDirectory(folder.resolve("copy"));
    try (Stream<Path> files = Files.list(SOURCES)) {
      for (Path file : files.toList()) {
        Files.copy(file, copy.resolve(file.getFileName()));
      }
    }
    Path mips = copy.resolve("MipsFamily.java");
    String right = "      case MAP_ANONYMOUS -> 0x800;";
    String wrong = "      case MAP_ANONYMOUS -> 0x801;";
    String text = Files.readString(mips);
    assertTrue(text.contains(right));
    Files.writeString(mips, text.replace(right, wrong));

    Outcome outcome = run(path(), "--check", copy.toString());
    assumeTrue(outcome.code != NOT_HERE, () -> String.join("\n", outcome.words));
    assertEquals(DIFFERENT, outcome.code, outcome.words::toString);
    assertEquals(List.of("-" + wrong), outcome.lines("-", "---"));
    assertEquals(List.of("+" + right), outcome.lines("+", "+++"));
  }

  @Test
  @DisplayName("without apt one sentence says what is missing, and nothing is written")
  void whatIsMissingIsSaid() throws IOException, InterruptedException {
    Path tools = Files.createDirectory(folder.resolve("tools"));
    for (String tool : List.of("dirname", "readlink")) {
      Path script = Files.writeString(tools.resolve(tool), "exec /usr/bin/" + tool + " \"$@\"\n");
      assertTrue(script.toFile().setExecutable(true));
    }
    Path output = folder.resolve("output");
    Outcome outcome = run(tools.toString(), output.toString());
    assertEquals(NOT_HERE, outcome.code, outcome.words::toString);
    assertEquals(
        List.of("cnf/update-linux-headers: apt-get is missing; it is in the Debian package apt"),
        outcome.words);
    assertTrue(Files.notExists(output));
  }

  @Test
  @DisplayName("an unknown option gives the usage, --help too and with success")
  void usage() throws IOException, InterruptedException {
    assertEquals(WRONG_USAGE, run(path(), "--chekc").code);
    assertEquals(WRONG_USAGE, run(path(), "one", "two").code);
    Outcome help = run(path(), "--help");
    assertEquals(SAME_OR_DONE, help.code);
    assertTrue(help.words.getFirst().startsWith("usage: "), help.words::toString);
  }
}
