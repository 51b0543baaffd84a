package holdfast.ctl;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Function;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What an operator is shown, whatever listens at the socket. */
@Timeout(60)
class OperatorTest {
  private static final Duration SHORT = Duration.ofMillis(200);

  @TempDir Path folder;

  private Path socket;
  private final StringWriter shown = new StringWriter();

  @BeforeEach
  void name() {
    socket = folder.resolve("q");
  }

  private static String text(String text) {
    return "\"return\":{\"text\":\"" + text + "\"}";
  }

  private static String swap(String phase, boolean ended, String text) {
    return "{\"id\":\"m\",\"number\":7,\"phase\":\""
        + phase
        + "\",\"ended\":"
        + ended
        + ",\"text\":\""
        + text
        + "\"}";
  }

  private String run(boolean inPlace, List<String> words) throws Exception {
    try (Connection connection = Connection.open(new Place(socket), Duration.ofSeconds(30))) {
      new Operator(connection, new Screen(new PrintWriter(shown), inPlace), "./holdfast ctl q")
          .run(words);
    }
    return shown.toString();
  }

  private String refusal() {
    return assertThrows(CtlException.class, () -> Connection.open(new Place(socket), SHORT).close())
        .getMessage();
  }

  private FakeMachine machine(Function<Map<String, Object>, String> answers) throws IOException {
    return new FakeMachine(socket, FakeMachine.GREETING, answers);
  }

  @Test
  @DisplayName("a QMP server of another kind of machine is told as that")
  void anotherKind() throws Exception {
    try (FakeMachine other =
        machine(command -> "\"error\":{\"class\":\"CommandNotFound\",\"desc\":\"no such\"}")) {
      CtlException e = assertThrows(CtlException.class, () -> run(false, List.of("list")));
      assertEquals(1, other.commands.size());
      assertTrue(("" + e.getMessage()).contains("it is no machine of Holdfast's"));
      assertTrue(e.isFatal());
    }
  }

  @Test
  @DisplayName("the words go to the machine as they are, and its text is shown")
  void text() throws Exception {
    try (FakeMachine machine = machine(command -> text("one\\ntwo"))) {
      assertEquals("one\ntwo\n", run(false, List.of("set", "m", "dump", "off")));
      assertEquals(
          Map.of("words", List.of("set", "m", "dump", "off"), "json", false),
          machine.commands.getFirst().get("arguments"));
    }
  }

  @Test
  @DisplayName("-json in any place asks for the value, which is one line")
  void json() throws Exception {
    try (FakeMachine machine = machine(command -> "\"return\":{\"value\":[{\"a\":null}]}")) {
      assertEquals("[{\"a\":null}]\n", run(false, List.of("show", "-json", "m")));
      assertEquals(
          Map.of("words", List.of("show", "m"), "json", true),
          machine.commands.getFirst().get("arguments"));
    }
  }

  @Test
  @DisplayName("nothing that the machine says reaches the terminal as a control character")
  void escapes() throws Exception {
    try (FakeMachine machine = machine(command -> text("a\\u001b[2Jb\\u202ec"))) {
      assertEquals("a\\u001b[2Jb\\u202ec\n", run(true, List.of("list")));
    }
    Files.delete(socket);
    try (FakeMachine machine =
        machine(command -> "\"error\":{\"class\":\"X\",\"desc\":\"no\\u001b[2J\\nway\"}")) {
      CtlException refused = assertThrows(CtlException.class, () -> run(false, List.of("list")));
      assertEquals("no\\u001b[2J\\u000away", refused.getMessage());
    }
  }

  private String followed(boolean inPlace, String... reports) throws Exception {
    Iterator<String> next = List.of(reports).iterator();
    try (FakeMachine machine =
        machine(
            command ->
                command.get("execute").equals("x-holdfast-command")
                    ? "\"return\":{\"text\":\"the plan\",\"swap\":" + swap("plan", false, "p") + "}"
                    : "\"return\":{" + next.next() + "}")) {
      return run(inPlace, List.of("swap", "m", "mem-path=G"));
    }
  }

  @Test
  @DisplayName(
      "elsewhere than on a terminal each change of a swap is a line, and none is told twice")
  void linesOfProgress() throws Exception {
    String copy = "\"running\":" + swap("copy", false, "c") + ",\"ended\":[]";

    assertEquals(
        "the plan\np\nc\nd\n",
        followed(false, copy, copy, "\"ended\":[" + swap("done", true, "d") + "]"));
  }

  @Test
  @DisplayName("on a terminal the line of progress is overwritten")
  void progressInPlace() throws Exception {
    String all =
        followed(
            true,
            "\"running\":" + swap("copy", false, "c") + ",\"ended\":[]",
            "\"ended\":[" + swap("done", true, "d") + "]");

    assertEquals(
        "the plan\n\r\u001b[K\u001b[?7lp\u001b[?7h\r\u001b[K\u001b[?7lc\u001b[?7h\r\u001b[Kd\n",
        all);
  }

  @Test
  @DisplayName("a swap that is rolled back is a failure, and so is a machine that forgets it")
  void failedSwaps() {
    CtlException rolledBack =
        assertThrows(
            CtlException.class,
            () -> followed(false, "\"ended\":[" + swap("rolled back", true, "why") + "]"));
    assertEquals("why", rolledBack.getMessage());
    assertEquals("the plan\np\n", shown.toString());
  }

  private static String migration(String status, boolean ended, String text) {
    return "{\"status\":\""
        + status
        + "\",\"x-holdfast-ended\":"
        + ended
        + ",\"x-holdfast-text\":\""
        + text
        + "\"}";
  }

  private String migrated(String... reports) throws Exception {
    Iterator<String> next = List.of(reports).iterator();
    try (FakeMachine machine =
        machine(
            command ->
                command.get("execute").equals("x-holdfast-command")
                    ? "\"return\":{\"text\":\"\",\"migration\":"
                        + migration("setup", false, "s")
                        + "}"
                    : "\"return\":" + next.next())) {
      return run(false, List.of("migrate", "tcp:b:1"));
    }
  }

  @Test
  @DisplayName("a migration is followed as a swap is, to its end")
  void followsMigrations() throws Exception {
    assertEquals(
        "s\na\nc\n", migrated(migration("active", false, "a"), migration("completed", true, "c")));
  }

  @Test
  @DisplayName(
      "a migration that failed or was cancelled is a failure, and so is one that is forgotten")
  void failedMigrations() throws Exception {
    for (String state : List.of("failed", "cancelled", "x-holdfast-undecided")) {
      assertEquals(
          "why",
          assertThrows(CtlException.class, () -> migrated(migration(state, true, "why")))
              .getMessage());
      Files.deleteIfExists(socket);
    }
    assertEquals(
        "the machine no longer knows of its migration",
        assertThrows(CtlException.class, () -> migrated("{}")).getMessage());
  }

  @Test
  @DisplayName("who stops waiting is told that the swap goes on, and how to cancel it")
  void interrupted() throws Exception {
    CountDownLatch asked = new CountDownLatch(1);
    try (FakeMachine machine =
        machine(
            command -> {
              if (command.get("execute").equals("x-holdfast-command")) {
                return "\"return\":{\"swap\":" + swap("plan", false, "p") + "}";
              }
              asked.countDown();
              return "\"return\":{\"running\":" + swap("copy", false, "c") + ",\"ended\":[]}";
            })) {
      Connection connection = Connection.open(new Place(socket), Duration.ofSeconds(30));
      Operator operator =
          new Operator(connection, new Screen(new PrintWriter(shown), false), "./holdfast ctl q");
      AtomicReference<Throwable> end = new AtomicReference<>();
      Thread thread =
          Thread.ofPlatform()
              .start(
                  () -> {
                    try {
                      operator.run(List.of("swap", "m", "mem-path=G"));
                    } catch (CtlException | InterruptedException e) {
                      end.set(e);
                    }
                  });
      asked.await();
      thread.interrupt();
      thread.join();
      connection.close();

      assertEquals(InterruptedException.class, end.get().getClass());
      assertEquals(
          "the swap goes on; ./holdfast ctl q swaps m shows how far it is, ./holdfast ctl q swap m"
              + " -cancel ends it",
          operator.awaited());
    }
  }

  @Test
  @DisplayName("a socket that can't be reached is a sentence with what to do about it")
  void unreachable() throws IOException {
    assertTrue(refusal().contains("there is no such file; is the machine up"), refusal());
    Files.createFile(socket);
    assertTrue(refusal().contains("it is no socket"), refusal());
    Files.delete(socket);
    ServerSocketChannel.open(StandardProtocolFamily.UNIX)
        .bind(UnixDomainSocketAddress.of(socket))
        .close();
    assertTrue(refusal().contains("the machine that made it is gone"), refusal());
    assertTrue(
        assertThrows(CtlException.class, () -> new Place(folder.resolve("x".repeat(200))).connect())
            .getMessage()
            .contains("too long"));
  }

  @Test
  @DisplayName("what greets not, greets wrongly, or says too much is given up")
  void noMachine() throws Exception {
    for (String greeting :
        List.of("SSH-2.0-x\r\n", "[1]\n", "{\"a\":1}\n", "{".repeat(9999) + "\n")) {
      try (FakeMachine machine = new FakeMachine(socket, greeting, command -> "")) {
        assertTrue(refusal().contains("does not speak QMP"), greeting);
      }
      Files.delete(socket);
    }
    try (FakeMachine machine = new FakeMachine(socket, "{\"QMP\":", command -> "")) {
      assertTrue(refusal().contains("does not answer"));
    }
    Files.delete(socket);
    String endless = "x".repeat(Connection.MAX_BYTES + 1);
    try (FakeMachine machine = machine(command -> endless)) {
      assertTrue(
          assertThrows(CtlException.class, () -> run(false, List.of("list")))
              .getMessage()
              .contains("says more than"));
    }
    Files.delete(socket);
    try (FakeMachine machine = machine(command -> "")) {
      assertTrue(
          assertThrows(CtlException.class, () -> run(false, List.of("list")))
              .getMessage()
              .contains("has closed the connection"));
    }
  }

  @Test
  @DisplayName("quit waits until the machine has gone")
  void quit() throws Exception {
    CountDownLatch quit = new CountDownLatch(1);
    try (FakeMachine machine =
        machine(
            command -> {
              boolean first = quit.getCount() > 0;
              quit.countDown();
              return first ? "\"return\":{}" : "";
            })) {
      Connection connection = Connection.open(new Place(socket), Duration.ofSeconds(30));
      Operator operator =
          new Operator(connection, new Screen(new PrintWriter(shown), false), "ctl");
      Thread ending =
          Thread.ofPlatform()
              .start(
                  () -> {
                    try {
                      operator.run(List.of("quit"));
                    } catch (CtlException | InterruptedException e) {
                      shown.append("" + e);
                    }
                  });
      quit.await();
      machine.end();
      ending.join();
      assertEquals("", shown.toString());
    }
  }

  @Test
  @DisplayName("one who greets with null, or never stops talking, is told from a machine in time")
  void nullAndTalkers() throws Exception {
    try (FakeMachine machine = new FakeMachine(socket, "null\r\n", command -> text(""))) {
      assertTrue(refusal().contains("does not speak QMP"));
    }
    Files.delete(socket);
    try (ServerSocketChannel server = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
      server.bind(UnixDomainSocketAddress.of(socket));
      Thread talker =
          Thread.ofPlatform()
              .daemon()
              .start(
                  () -> {
                    try (SocketChannel client = server.accept()) {
                      write(client, FakeMachine.GREETING);
                      while (true) {
                        write(client, "{\"event\":\"TALK\"}\n");
                      }
                    } catch (IOException gone) {
                      // which ends it
                    }
                  });
      assertTrue(refusal().contains("does not answer"));
      talker.join(30_000);
      assertFalse(talker.isAlive(), "its client has left");
    }
  }

  private static void write(SocketChannel client, String text) throws IOException {
    ByteBuffer bytes = ByteBuffer.wrap(text.getBytes(StandardCharsets.UTF_8));
    while (bytes.hasRemaining()) {
      client.write(bytes);
    }
  }
}
