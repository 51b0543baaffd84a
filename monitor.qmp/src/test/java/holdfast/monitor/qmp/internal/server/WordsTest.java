package holdfast.monitor.qmp.internal.server;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import holdfast.machine.config.QmpDefinition;
import holdfast.machine.core.OpenMachine;
import holdfast.monitor.shell.command.OperatorCommands;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The shell's commands by QMP. */
@Timeout(60)
class WordsTest {
  @TempDir Path folder;

  private final OpenMachine there = OpenMachine.of();
  private SocketDoor door;
  private TestClient client;

  @BeforeEach
  void open() throws IOException {
    Path socket = folder.resolve("qmp");
    door =
        SocketDoor.open(
            new QmpDefinition.Unix(socket),
            there.admin(),
            Optional.empty(),
            "0.1.0.SNAPSHOT",
            false);
    client = TestClient.negotiated(socket);
  }

  @AfterEach
  void close() throws IOException {
    client.close();
    door.close();
    there.close();
  }

  private Map<?, ?> run(boolean json, String... words) throws IOException {
    return (Map<?, ?>) client.run("x-holdfast-command", "words", List.of(words), "json", json);
  }

  private void assertRefused(String part, String... words) throws IOException {
    client.assertFails("GenericError", part, "x-holdfast-command", "words", List.of(words));
  }

  @Test
  @DisplayName("each command says what the shell says, with its scope or without")
  void words() throws Exception {
    String text = new OperatorCommands(there.admin()).run(List.of("list")).text();

    assertEquals(text, run(false, "list").get("text"));
    assertEquals(text, run(false, "ram:list").get("text"));
    assertEquals(
        "memory backend 'm1' was added; this holds until the machine ends, since nothing stores what it"
            + " was opened with",
        run(false, "object_add", "memory-backend-ram,id=m1,size=1M").get("text"));
    assertTrue(("" + run(false, "help").get("text")).contains("device_del"));
    assertTrue(("" + run(false, "help", "swap").get("text")).contains("-downtime-limit MS"));
  }

  @Test
  @DisplayName("each command is described, and has an answer as JSON: the one of QMP's own command")
  void json() throws IOException {
    assertEquals(client.run("query-status"), run(true, "status").get("value"));
    assertEquals(client.run("x-holdfast-query-machine"), run(true, "list").get("value"));
    assertEquals(
        client.run("x-holdfast-query-backends", "id", "pc.ram"),
        run(true, "show", "pc.ram").get("value"));
    assertEquals(
        Map.of(), run(true, "object_add", "memory-backend-ram,id=m1,size=1M").get("value"));
    assertEquals(Map.of(), run(true, "device_add", "pc-dimm,id=d1,memdev=m1").get("value"));
    assertEquals(Map.of(), run(true, "device_del", "d1").get("value"));
    assertEquals(Map.of("granularity", "page"), run(true, "persist", "m1", "0", "4K").get("value"));
    assertEquals(Map.of(), run(true, "object_del", "m1").get("value"));
    for (Object one : (List<?>) client.run("x-holdfast-query-words")) {
      Map<?, ?> described = (Map<?, ?>) one;
      assertFalse(("" + described.get("purpose")).isEmpty());
      Object answer =
          client.answer(
              "x-holdfast-command",
              "words",
              List.of(described.get("name"), "a", "b", "c", "d"),
              "json",
              true);
      assertFalse(("" + answer).contains("no answer as JSON"), () -> described + ": " + answer);
    }
  }

  @Test
  @DisplayName("the machine's configuration files are the same through each door, all or none")
  void files() throws IOException {
    Path one = folder.resolve("one");
    Path two = folder.resolve("two");

    assertEquals(
        one.resolve("holdfast.machine.cfg") + "\n",
        run(false, "options", "-files", one.toString()).get("text"));
    assertEquals(
        List.of("holdfast.machine.cfg"),
        client.run("x-holdfast-write-files", "folder", two.toString()));
    assertEquals(
        List.of("holdfast.machine.cfg"),
        run(true, "options", "-files", folder.resolve("three").toString()).get("value"));

    Path here = Path.of("").toAbsolutePath();
    Path relative = here.relativize(folder.resolve("four"));
    assertEquals(
        here.resolve(relative).resolve("holdfast.machine.cfg") + "\n",
        run(false, "options", "-files", relative.toString()).get("text"));

    Path file = one.resolve("holdfast.machine.cfg");
    assertTrue(Files.readString(file).startsWith("type = pc\n"), Files.readString(file));
    assertEquals(-1, Files.mismatch(file, two.resolve("holdfast.machine.cfg")));
    assertEquals("rw-------", PosixFilePermissions.toString(Files.getPosixFilePermissions(file)));
    assertEquals("rwx------", PosixFilePermissions.toString(Files.getPosixFilePermissions(one)));

    assertRefused(
        "is there already: name one that is not there yet", "options", "-files", "" + one);
    assertRefused(
        "folder " + Path.of("no/such").toAbsolutePath() + " can't be made",
        "options",
        "-files",
        "no/such");
    assertRefused("-files needs a value", "options", "-files");
    assertRefused("a is no folder: make that first", "options", "-files", folder + "/a/b");
    assertRefused("/proc/", "options", "-files", "/proc/files");
    try (Stream<Path> left = Files.list(folder)) {
      assertEquals(
          List.of("four", "one", "qmp", "three", "two"),
          left.map(path -> path.getFileName().toString()).sorted().toList());
    }
  }

  @Test
  @DisplayName("what can stand where somebody types is offered, a path as one")
  void completions() throws IOException {
    assertEquals(
        Map.of("from", 0, "whole", List.of("pc.ram"), "begun", List.of(), "path", false),
        client.run("x-holdfast-complete", "words", List.of("show", "")));
    assertEquals(
        Map.of("from", 5, "whole", List.of(), "begun", List.of(), "path", true),
        client.run("x-holdfast-complete", "words", List.of("ram:migrate", "file:/x")));
    assertEquals(
        client.run("x-holdfast-complete", "words", List.of()),
        client.run("x-holdfast-complete", "words", List.of("")));
  }

  @Test
  @DisplayName("machine:status tells the same through each door")
  void summary() throws IOException {
    Map<?, ?> asked = (Map<?, ?>) client.run("x-holdfast-query-summary");
    String text = "" + run(false, "machine:status").get("text");

    assertEquals(asked, run(true, "machine:status").get("value"));
    assertEquals("up", asked.get("phase"));
    assertEquals("pc", asked.get("type"));
    assertEquals(1, asked.get("backends"));
    assertEquals(List.of(), asked.get("doors"), "a library knows none");
    assertTrue(text.startsWith("the machine is up\n  since         20"), text);
    assertTrue(text.contains("  base RAM      "), text);
    assertRefused("x is one word too many: write machine:status", "machine:status", "x");
  }

  @Test
  @DisplayName("machine:restart is refused where the machine is a library's")
  void restart() throws IOException {
    assertRefused("opened by a program that uses Holdfast as a library", "machine:restart");
    assertRefused("x is one word too many: write machine:restart", "machine:restart", "x");
  }

  @Test
  @DisplayName("a mistake is refused with the shell's sentence")
  void mistakes() throws IOException {
    assertRefused("there is no command nonsense; help lists those there are", "nonsense");
    assertRefused("there is no command cont; did you mean resume?", "cont");
    assertRefused("the command is missing");
    assertRefused("y is one word too many: write ram:show [ID]", "show", "x", "y");
    assertRefused("there is no option -nonsense", "swap", "m", "-nonsense");
    assertRefused("nosuch", "show", "nosuch");
    client.assertFails(
        "GenericError",
        "nosuch",
        "x-holdfast-command",
        "words",
        List.of("show", "nosuch"),
        "json",
        true);
    client.assertFails(
        "GenericError",
        "help has no answer as JSON",
        "x-holdfast-command",
        "words",
        List.of("help"),
        "json",
        true);
  }
}
