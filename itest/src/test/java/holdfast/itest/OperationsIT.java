package holdfast.itest;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.Writer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * The operator's manual, word for word: each command of {@code docs/operations.md}, in their order,
 * by the script {@code ./holdfast}, answers as it says there.
 */
@Timeout(600)
class OperationsIT {
  private static final String PROMPT = "g! ";

  @TempDir(factory = OnBuildDisk.class)
  Path scratch;

  private Path root;
  private Path folder;

  /**
   * A command of the manual.
   *
   * @param shell whether it is one of the machine's own shell
   * @param answer the lines that it answers with; {@code …} stands for anything, a line of it alone
   *     for any lines
   */
  private record Command(boolean shell, String text, List<String> answer) {
    boolean isAnsweredBy(List<String> said) {
      StringBuilder pattern = new StringBuilder();
      for (String line : answer) {
        pattern.append(
            line.equals("…")
                ? "(?:.*\n)*"
                : Stream.of(line.split("…", -1))
                        .map(Pattern::quote)
                        .reduce((one, next) -> one + ".*" + next)
                        .orElseThrow()
                    + "\n");
      }
      return Pattern.matches(
          pattern.toString(), String.join("\n", said) + "\n".repeat(said.isEmpty() ? 0 : 1));
    }
  }

  @BeforeEach
  void makeFolder() throws IOException {
    Path built = Holdfast.jar().getParent();
    root = built.getParent().getParent();
    Path tree = Files.createDirectory(scratch.resolve("tree"));
    Path target = Files.createDirectories(tree.resolve("dist/target"));
    Files.copy(root.resolve("holdfast"), tree.resolve("holdfast"));
    assertTrue(tree.resolve("holdfast").toFile().setExecutable(true));
    Files.createSymbolicLink(tree.resolve("cnf"), root.resolve("cnf"));
    for (String name : List.of("holdfast.jar", "holdfast-probe.jar", "holdfast-ctl.jar", "probe")) {
      Files.createSymbolicLink(target.resolve(name), built.resolve(name));
    }
    Files.createFile(target.resolve("built"));
    Files.createFile(target.resolve("start")); // a start cache is made in the background else
    folder = Files.createDirectory(scratch.resolve("cwd"));
    Files.createSymbolicLink(folder.resolve("holdfast"), tree.resolve("holdfast"));
  }

  @AfterEach
  void endMachines() throws IOException {
    Path pid = folder.resolve("vm1.pid");
    if (Files.exists(pid)) { // a command was not answered as the manual says
      ProcessHandle.of(Long.parseLong(Files.readString(pid).strip()))
          .ifPresent(ProcessHandle::destroyForcibly);
    }
  }

  private List<List<Command>> blocks() throws IOException {
    List<List<Command>> blocks = new ArrayList<>();
    String fence = "";
    for (String line : Files.readAllLines(root.resolve("docs/operations.md"))) {
      if (line.startsWith("```")) {
        fence = fence.isEmpty() ? line.substring(3) : "";
        assertTrue(List.of("", "console", "gogo").contains(fence), line);
        if (!fence.isEmpty()) {
          blocks.add(new ArrayList<>());
        }
      } else if (!fence.isEmpty()) {
        add(blocks.getLast(), line);
      }
    }
    return blocks;
  }

  private static void add(List<Command> block, String line) {
    boolean shell = line.startsWith(PROMPT);
    if (shell || line.startsWith("$ ")) {
      block.add(new Command(shell, line.substring(line.indexOf(' ') + 1), new ArrayList<>()));
    } else if (block.getLast().text().endsWith("\\")) {
      Command begun = block.removeLast();
      block.add(new Command(begun.shell(), begun.text() + "\n" + line, begun.answer()));
    } else {
      block.getLast().answer().add(line);
    }
  }

  @Test
  @DisplayName("each command of the operator's manual answers as it says")
  void manual() throws Exception {
    Process bash =
        new ProcessBuilder(
                "env",
                "JAVA_HOME=" + System.getProperty("java.home"),
                "LC_ALL=C.UTF-8",
                "bash",
                "--norc")
            .directory(folder.toFile())
            .redirectErrorStream(true)
            .start();
    try (Writer to = bash.outputWriter(UTF_8);
        BufferedReader from = bash.inputReader(UTF_8)) {
      int run = 0;
      for (List<Command> block : blocks()) {
        if (block.stream().anyMatch(Command::shell)) {
          shell(block);
        } else {
          for (Command command : block) {
            console(command, to, from);
          }
        }
        run += block.size();
      }
      assertTrue(run > 30, "the manual has commands");
    } finally {
      bash.destroyForcibly();
      bash.waitFor(60, TimeUnit.SECONDS);
    }
  }

  private static void console(Command command, Writer to, BufferedReader from) throws IOException {
    to.write("{ " + command.text() + "\n} < /dev/null; echo \"=== $?\"\n");
    to.flush();
    List<String> said = new ArrayList<>();
    String line = from.readLine();
    while (line != null && !line.startsWith("=== ")) {
      said.add(line);
      line = from.readLine();
    }
    assertTrue(command.isAnsweredBy(said), () -> command + " said " + String.join("\n", said));
    boolean refused = command.answer().stream().anyMatch(one -> one.startsWith("holdfast: "));
    assertEquals(refused ? "=== 1" : "=== 0", line, command::text);
  }

  /** A session at the machine's own shell: what it shows is awaited. */
  private void shell(List<Command> block) throws Exception {
    try (Terminal terminal =
        new Terminal(
            folder,
            List.of(
                "env",
                "JAVA_HOME=" + System.getProperty("java.home"),
                "HOME=" + scratch,
                block.getFirst().text()))) {
      terminal.await(PROMPT);
      for (Command command : block.subList(1, block.size())) {
        terminal.type(command.text() + "\r");
        String answer = String.join("\n", command.answer()).strip();
        for (int asked = 1;
            !terminal.shows(answer, 3);
            asked++) { // regions follow in their own time
          assertTrue(asked < 20, terminal::quietly);
          terminal.type(command.text() + "\r");
        }
        if (command != block.getLast()) {
          terminal.type("echo do''ne\r"); // what says nothing has ended when this is shown
          terminal.await("done");
          terminal.await(PROMPT);
        }
      }
      assertEquals(0, terminal.status(), terminal::quietly);
    }
  }
}
