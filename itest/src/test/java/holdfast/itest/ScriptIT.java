package holdfast.itest;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import holdfast.itest.Holdfast.Ended;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardWatchEventKinds;
import java.nio.file.WatchKey;
import java.nio.file.WatchService;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * The script {@code ./holdfast}, in a tree of its own with what the build made: what it says and
 * its exit status are those of the jar, whatever becomes of its cache for the start.
 */
@Timeout(600)
class ScriptIT {
  private static final String[] QUESTION = {
    "-probe", "json", "-object", "memory-backend-ram,id=m,size=2M"
  };

  @TempDir Path folder;
  private Path work;
  private Path script;
  private Path target;

  @BeforeEach
  void makeTree() throws IOException {
    Path built = Holdfast.jar().getParent();
    Path root = built.getParent().getParent();
    Path tree = Files.createDirectory(folder.resolve("a tree"));
    work = Files.createDirectory(folder.resolve("work"));
    target = Files.createDirectories(tree.resolve("dist/target"));
    script = tree.resolve("holdfast");
    Files.copy(root.resolve("holdfast"), script, StandardCopyOption.COPY_ATTRIBUTES);
    Files.createDirectory(tree.resolve("cnf"));
    for (String name : List.of("find-jdk.sh", "make-start-cache")) {
      Path file = Path.of("cnf", name);
      Files.copy(root.resolve(file), tree.resolve(file), StandardCopyOption.COPY_ATTRIBUTES);
    }
    for (String name : List.of("holdfast.jar", "holdfast-probe.jar", "holdfast-ctl.jar", "probe")) {
      Files.createSymbolicLink(target.resolve(name), built.resolve(name));
    }
    Files.createFile(target.resolve("built"));
  }

  private Ended run(Path started, List<String> environment, String... arguments)
      throws IOException, InterruptedException {
    List<String> command = new ArrayList<>(List.of("env"));
    command.add("JAVA_HOME=" + System.getProperty("java.home"));
    command.addAll(environment);
    command.add(started.toString());
    command.addAll(List.of(arguments));
    try (Holdfast holdfast = Holdfast.startCommand(command, work)) {
      return holdfast.awaitEnd();
    }
  }

  /** Puts a file where the folder with the cache would be. */
  private void withoutCache() throws IOException {
    Files.createFile(target.resolve("start"));
  }

  private void assertAnswered(Ended ended) throws IOException, InterruptedException {
    assertEquals(Holdfast.run(work, QUESTION), ended);
    assertEquals(0, ended.status());
  }

  @Test
  @DisplayName("It says what the jar says, also where a file stands in its cache's place")
  void saysWhatTheJarSays() throws Exception {
    withoutCache();
    assertAnswered(run(script, List.of(), QUESTION));
    String[] mistake = {"-probe", "json", "-object", "memory-backend-ram,id=m,size=1Q"};
    assertEquals(Holdfast.run(work, mistake), run(script, List.of(), mistake));
  }

  @Test
  @DisplayName("It finds its tree when it is called through a symbolic link")
  void isCalledThroughLink() throws Exception {
    withoutCache();
    Path link = Files.createSymbolicLink(work.resolve("link"), script);
    assertEquals(Holdfast.run(work, "-version"), run(link, List.of(), "-version"));
  }

  @Test
  @DisplayName("HOLDFAST_JAVA_OPTS reaches Java, and overrides what the script chooses")
  void passesOptions() throws Exception {
    withoutCache();
    Ended ended =
        run(script, List.of("HOLDFAST_JAVA_OPTS=-XX:+UseG1GC -Xlog:gc+init:file=gc.txt"), QUESTION);
    assertAnswered(ended);
    assertTrue(Files.readString(work.resolve("gc.txt")).contains("Heap Region"), ended::toString);
  }

  @Test
  @DisplayName("A cache that was cut off is not used, and made again; the answer stays the same")
  void makesCacheAgain() throws Exception {
    assertAnswered(run(script, List.of(), QUESTION));
    Path first = awaitCache();
    assertAnswered(run(script, List.of(), QUESTION));
    try (RandomAccessFile file = new RandomAccessFile(first.toFile(), "rw")) {
      file.setLength(file.length() / 2);
    }
    assertAnswered(run(script, List.of(), QUESTION));
    Path second = awaitCache();
    assertAnswered(run(script, List.of(), QUESTION));
    assertEquals(Optional.of(second), whole());
  }

  @Test
  @DisplayName("A cache that is a link is not followed")
  void followsNoLink() throws Exception {
    Path elsewhere = Files.createDirectory(folder.resolve("elsewhere"));
    Files.createSymbolicLink(target.resolve("start"), elsewhere);
    assertAnswered(run(script, List.of(), QUESTION));
    try (Stream<Path> made = Files.list(elsewhere)) {
      assertEquals(List.of(), made.toList());
    }
  }

  @Test
  @DisplayName(
      "-daemonize returns when the machine is up, which a hangup doesn't end; a machine that can't"
          + " come up is told with its sentence and status")
  void daemonizes() throws Exception {
    withoutCache();
    String[] machine = {
      "-m", "16M", "-qmp", "unix:q,server=on,wait=off", "-pidfile", "pid", "-daemonize"
    };
    Ended started = run(script, List.of("TMPDIR=" + temporary()), machine);
    assertEquals(0, started.status(), started::toString);
    assertEquals("", started.out());
    long pid = Long.parseLong(Files.readString(work.resolve("pid")).strip());
    try {
      assertEquals("the machine is up\n", run(script, List.of(), "ctl", "q", "status").out());
      ProcessHandle process = ProcessHandle.of(pid).orElseThrow();
      String[] stat = Files.readString(Path.of("/proc/" + pid + "/stat")).split(" ");
      assertEquals("" + pid, stat[5], "its session is its own");
      assertEquals("/dev/null", Path.of("/proc/" + pid + "/fd/0").toRealPath().toString());
      assertEquals(0, new ProcessBuilder("kill", "-HUP", "" + pid).start().waitFor());
      assertEquals("the machine is up\n", run(script, List.of(), "ctl", "q", "status").out());

      Ended second = run(script, List.of("TMPDIR=" + temporary()), machine);
      assertEquals(1, second.status());
      assertTrue(second.err().getLast().contains("process " + pid + " has it"), second::toString);

      assertEquals(0, run(script, List.of(), "ctl", "q", "quit").status());
      process.onExit().get(60, TimeUnit.SECONDS);
    } finally {
      ProcessHandle.of(pid).ifPresent(ProcessHandle::destroyForcibly);
    }
    try (Stream<Path> left = Files.list(temporary())) {
      assertEquals(List.of(), left.toList());
    }
    for (String[] mistake :
        List.of(
            new String[] {"-daemonize", "-probe"},
            new String[] {"-daemonize", "-qmp", "stdio"},
            new String[] {"-daemonize", "-m", "1Q"})) {
      Ended ended = run(script, List.of(), mistake);
      assertEquals(1, ended.status());
      assertEquals(1, ended.err().size(), ended::toString);
    }
    // who reads its output to the end isn't kept until the machine ends
    Process reader =
        new ProcessBuilder(
                "env",
                "JAVA_HOME=" + System.getProperty("java.home"),
                script.toString(),
                "-daemonize",
                "-m",
                "16M",
                "-pidfile",
                "pid")
            .directory(work.toFile())
            .redirectErrorStream(true)
            .start();
    reader.getInputStream().readAllBytes();
    assertTrue(reader.waitFor(60, TimeUnit.SECONDS));
    long again = Long.parseLong(Files.readString(work.resolve("pid")).strip());
    ProcessHandle left = ProcessHandle.of(again).orElseThrow();
    assertTrue(left.destroy());
    left.onExit().get(60, TimeUnit.SECONDS);
    assertTrue(
        Holdfast.run(work, "-daemonize", "-m", "16M").err().getLast().contains("only ./holdfast"));
  }

  @Test
  @DisplayName(
      "events are logged where nobody sits: with a priority for a journal, with the time for a"
          + " file")
  void logs() throws Exception {
    withoutCache();
    String machine = script + " -m 16M -qmp unix:q,server=on,wait=off";
    String journal = "export JOURNAL_STREAM=$(stat -L -c %d:%i /proc/self/fd/2); exec ";
    try (Holdfast served = startShell(journal + quoted(machine))) {
      served.awaitError("the machine is up"); // which its monitor, that is there before, may end
      assertEquals(0, run(script, List.of(), "ctl", "q", "quit").status());
      List<String> said = served.awaitEnd().err();
      assertTrue(
          said.contains(
              "<6>holdfast: the machine is up: memory backends pc.ram; guest memory ram:below-4g"),
          said::toString);
      assertTrue(said.stream().allMatch(line -> line.matches("<[346]>holdfast: .*")), "" + said);
    }
    try (Holdfast refused = startShell(journal + quoted(script + " -m 1Q"))) {
      assertTrue(refused.awaitEnd().err().getLast().startsWith("<3>holdfast: -m: size=1Q is"));
    }
    try (Holdfast returned = startShell("exec " + quoted(machine + " -daemonize") + " 2> log")) {
      assertEquals(0, returned.awaitEnd().status());
    }
    assertEquals(0, run(script, List.of(), "ctl", "q", "quit").status());
    String up =
        Files.readAllLines(work.resolve("log")).stream()
            .filter(line -> line.contains("the machine is up"))
            .findFirst()
            .orElseThrow();
    assertTrue(up.matches("\\d{4}-\\d\\d-\\d\\dT[0-9:.]+[Z0-9:+-]+ holdfast: the machine .*"), up);
  }

  private static String quoted(String command) {
    String[] words = command.split(" -", 2);
    return "'" + words[0] + "' -" + words[1];
  }

  private Holdfast startShell(String text) throws IOException {
    return Holdfast.startCommand(
        List.of("env", "JAVA_HOME=" + System.getProperty("java.home"), "bash", "-c", text), work);
  }

  private Path temporary() throws IOException {
    return Files.createDirectories(folder.resolve("tmp"));
  }

  /** Returns the cache that is as long as its name says. */
  private Optional<Path> whole() throws IOException {
    try (Stream<Path> files = Files.list(target.resolve("start"))) {
      return files
          .filter(file -> file.toString().endsWith("-" + file.toFile().length() + ".aot"))
          .findFirst();
    }
  }

  private Path awaitCache() throws IOException, InterruptedException {
    try (WatchService changes = FileSystems.getDefault().newWatchService()) {
      target.resolve("start").register(changes, StandardWatchEventKinds.ENTRY_CREATE);
      while (true) {
        Optional<Path> whole = whole();
        if (whole.isPresent()) {
          return whole.get();
        }
        WatchKey change = changes.poll(300, TimeUnit.SECONDS);
        assertNotNull(change, "no cache was made");
        change.pollEvents();
        change.reset();
      }
    }
  }

  @Test
  @DisplayName("the sample of a systemd unit is one, in the eyes of systemd-analyze(1)")
  void unit() throws Exception {
    assumeTrue(
        Stream.of(System.getenv("PATH").split(":"))
            .anyMatch(place -> Files.isExecutable(Path.of(place, "systemd-analyze"))),
        "systemd-analyze isn't here: install systemd");
    Path root = Holdfast.jar().getParent().getParent().getParent();
    String sample = Files.readString(root.resolve("dist/holdfast@.service"));
    assertTrue(sample.contains("ExecStart=/opt/holdfast/holdfast "));
    Path unit = folder.resolve("holdfast@sample.service");
    Files.writeString(
        unit, sample.replace("ExecStart=/opt/holdfast/holdfast ", "ExecStart=\"" + script + "\" "));
    try (Holdfast verify =
        Holdfast.startCommand(List.of("systemd-analyze", "verify", unit.toString()), work)) {
      Ended ended = verify.awaitEnd();
      assertEquals(List.of(), ended.err());
      assertEquals("", ended.out());
      assertEquals(0, ended.status());
    }
  }
}
