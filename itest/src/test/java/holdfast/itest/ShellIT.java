package holdfast.itest;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The product on a terminal, which script(1) makes: what its keys do, and how it ends. */
@Timeout(180)
class ShellIT {
  private static final String CTRL_C = "\u0003";
  private static final String CTRL_D = "\u0004";
  private static final String PROMPT = "g! ";

  @TempDir(factory = OnBuildDisk.class)
  Path scratch;

  private Path folder;

  @BeforeEach
  void makeFolder() throws IOException {
    folder = Files.createDirectory(scratch.resolve("cwd"));
  }

  /** A machine whose operator sits at a terminal. */
  private Terminal session(String home) throws IOException {
    return new Terminal(
        folder,
        Holdfast.command(
            Holdfast.jar(),
            List.of("-Duser.home=" + home),
            List.of("-object", "memory-backend-file,id=m,mem-path=F,size=64M,share=on")));
  }

  private Terminal atPrompt() throws IOException, InterruptedException {
    Terminal session = session(scratch.toString());
    session.await("Holdfast, a pc machine: memory backends m, pc.ram; guest memory ram:below-4g;");
    session.await(PROMPT);
    return session;
  }

  @Test
  @DisplayName("Ctrl-C at the prompt clears the line, and the machine goes on; quit ends it")
  void interruptAtThePrompt() throws Exception {
    try (Terminal session = atPrompt()) {
      session.type("ram:persist m" + CTRL_C);
      session.await(PROMPT);
      session.type("ram:list\r");
      session.await("ADDRESS ");
      session.await(PROMPT);
      session.type("quit\r");

      assertEquals(0, session.status(), session::quietly);
      assertFalse(session.screen().contains("are durable"), session.screen());
    }
  }

  @Test
  @DisplayName("Ctrl-C during a swap ends the waiting alone: the swap and the machine go on")
  void interruptDuringASwap() throws Exception {
    try (Terminal session = atPrompt()) {
      session.type("ram:swap -max-bandwidth 1M m mem-path=G\r");
      session.await("copied");
      session.type(CTRL_C);
      session.await("the swap goes on; ram:swaps m");
      // Gogo shows the next prompt when it has interrupted the command, perhaps before its last
      // words
      session.type("\r");
      session.await(PROMPT);
      assertFalse(session.screen().contains("Exception"), session.screen());
      session.type("ram:swaps m\r");
      session.await("copy: ");
      session.await(PROMPT);
      session.type("ram:swap m -cancel\r");
      session.await("rolled back");
      session.await(PROMPT);
      session.type("exit\r");

      assertEquals(0, session.status(), session::quietly);
    }
  }

  @Test
  @DisplayName("Ctrl-D asks first: any key but y keeps the machine")
  void endOfInputAsks() throws Exception {
    try (Terminal session = atPrompt()) {
      session.type(CTRL_D);
      session.await("any other key: no");
      session.type("n");
      session.await(PROMPT);
      session.type("ram:list\r");
      session.await("ADDRESS ");
      session.await(PROMPT);
      session.type(CTRL_D);
      session.await("any other key: no");
      session.type("y");

      assertEquals(0, session.status(), session::quietly);
    }
  }

  @Test
  @DisplayName("at the question Ctrl-C is no, and a letter that is no answer begins the next line")
  void otherAnswers() throws Exception {
    try (Terminal session = atPrompt()) {
      session.type(CTRL_D);
      session.await("any other key: no");
      session.type(CTRL_C);
      session.await(PROMPT);
      session.type("ram:list\r");
      session.await("ADDRESS ");
      session.await(PROMPT);
      session.type(CTRL_D);
      session.await("any other key: no");
      session.type("ram:list\r");
      session.await("ADDRESS ");
      session.await(PROMPT);
      session.type("quit\r");

      assertEquals(0, session.status(), session::quietly);
    }
  }

  @Test
  @DisplayName("an interrupted command, one that is not there, one written wrongly: no class name")
  void sentences() throws Exception {
    try (Terminal session = atPrompt()) {
      session.type("sleep 5000; echo la''ter\r");
      session.await("\n");
      session.runFor(1000);
      session.type(CTRL_C);
      session.await(PROMPT);
      session.type("cho\r");
      session.await("there is no command cho; did you mean echo?");
      session.await(PROMPT);
      session.type("ram:shwo m\r");
      session.await("there is no command ram:shwo; did you mean ram:show?");
      session.await(PROMPT);
      session.type("nonsense\r");
      session.await("there is no command nonsense; help lists those there are");
      session.await(PROMPT);
      session.type("quit now\r");
      session.await("holdfast: now is one word too many: write quit");
      session.await(PROMPT);
      session.type("exit 3\r");
      session.await("holdfast: 3 is one word too many: write exit");
      session.await(PROMPT);
      session.type("quit\r");

      assertEquals(0, session.status(), session::quietly);
      assertFalse(session.screen().contains("Exception"), session.screen());
    }
  }

  @Test
  @DisplayName("help has the machine's commands, explains one of them, and one of the framework's")
  void help() throws Exception {
    try (Terminal session = atPrompt()) {
      session.type("help\r");
      session.await("machine:status");
      session.await("felix:help lists the framework's commands");
      session.await(PROMPT);
      session.type("help ram:swap\r");
      session.await("-max-bandwidth SIZE");
      session.await(PROMPT);
      session.type("help lb\r");
      session.await("scope: felix");
      session.await(PROMPT);
      session.type("quit\r");

      assertEquals(0, session.status(), session::quietly);
      assertFalse(session.screen().contains("Exception"), session.screen());
    }
  }

  @Test
  @DisplayName("Tab completes commands, ids, properties, paths, values and options")
  void completes() throws Exception {
    Files.createDirectory(folder.resolve("images"));
    try (Terminal session = atPrompt()) {
      session.type("ram:sho\tm\t\r");
      session.await("memory backend 'm' (memory-backend-file)");
      session.await(PROMPT);
      session.type("ram:swap m\tmem-\tima\tG,sha\ton -pl\t\r");
      session.await("-> images/G");
      session.await(PROMPT);
      session.type("ram:set m dum\tof\t\r");
      session.await("memory backend 'm': dump=off");
      session.await(PROMPT);
      session.type("ram:object_add memory-backend-r\tid=n,siz\t1M\r");
      session.await("memory backend 'n' was added");
      session.await(PROMPT);
      session.type("swaps m\t\r"); // without its scope
      session.await("no swap of memory backend 'm' was started");
      session.await(PROMPT);
      session.type("gogo:ec\tfi''rst\r"); // Gogo's own
      session.await("first");
      session.await(PROMPT);
      session.type("quit\r");

      assertEquals(0, session.status(), session::quietly);
      assertFalse(session.screen().contains("Exception"), session.screen());
    }
  }

  @Test
  @DisplayName("SIGTERM while a command waits ends it without a word of Java's")
  void terminatedDuringASwap() throws Exception {
    try (Terminal session = atPrompt()) {
      session.type("ram:swap -max-bandwidth 1M m mem-path=G\r");
      session.await("copied");
      session.terminate();

      assertEquals(128 + 15, session.status());
      assertFalse(session.screen().contains("Exception"), session.screen());
    }
  }

  @Test
  @DisplayName("SIGTERM at the prompt ends the machine in order, without a word")
  void terminatedAtThePrompt() throws Exception {
    try (Terminal session = atPrompt()) {
      session.terminate();

      assertEquals(128 + 15, session.status());
      String after = session.quietly();
      assertFalse(after.contains("STOP") || after.contains("Exception"), after);
    }
  }

  @Test
  @DisplayName("a user without a home has no history, and no trace after each command")
  void withoutAHome() throws Exception {
    try (Terminal session = session("/nonexistent")) {
      session.await(PROMPT);
      session.type("ram:list\r");
      session.await("ADDRESS ");
      session.await(PROMPT);
      session.type("quit\r");

      assertEquals(0, session.status(), session::quietly);
      assertFalse(session.screen().contains("Exception"), session.screen());
    }
  }

  @Test
  @DisplayName("a profile of the shell in the working folder is not run, whoever put it there")
  void foreignProfile() throws Exception {
    Path etc = Files.createDirectory(folder.resolve("etc"));
    Files.writeString(etc.resolve("gosh_profile"), "echo planted\nprompt = 'g! '\n");
    try (Terminal session = atPrompt()) {
      session.type("quit\r");

      assertEquals(0, session.status(), session::quietly);
      assertFalse(session.screen().contains("planted"), session.screen());
    }
  }
}
