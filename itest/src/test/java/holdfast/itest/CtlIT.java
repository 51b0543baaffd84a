package holdfast.itest;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.jr.ob.JSON;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** {@code ctl}: commands for a machine in another process, which was started without a terminal. */
@Timeout(180)
class CtlIT {
  private static final String CTRL_C = "\u0003";
  private static final String CTRL_D = "\u0004";
  private static final String PROMPT = "ctl> ";
  private static final long LIMIT_SECONDS = 60;

  @TempDir(factory = OnBuildDisk.class)
  Path scratch;

  private Path folder;
  private Holdfast machine;

  @BeforeEach
  void start() throws IOException, InterruptedException {
    folder = Files.createDirectory(scratch.resolve("cwd"));
    machine =
        Holdfast.start(
            folder,
            List.of(
                "-machine",
                "pc,nvdimm=on,x-monitor-folders=.",
                "-m",
                "16M,slots=4,maxmem=1G",
                "-object",
                "memory-backend-file,id=m0,mem-path=F,size=16M,share=on",
                "-device",
                "nvdimm,id=nv0,memdev=m0",
                "-qmp",
                "unix:q,server=on,wait=off"));
    machine.awaitMapped(folder.resolve("F"));
    awaitUp();
  }

  private void awaitUp() throws IOException, InterruptedException {
    long limit = System.nanoTime() + TimeUnit.SECONDS.toNanos(LIMIT_SECONDS);
    while (!ctl("q", "status").out().equals("the machine is up\n")) {
      assertTrue(System.nanoTime() < limit);
      machine.staysFor(20);
    }
  }

  @AfterEach
  void end() {
    machine.close();
  }

  private static List<String> command(String... arguments) throws IOException {
    List<String> all = new ArrayList<>(List.of("ctl"));
    all.addAll(List.of(arguments));
    Path jar = Holdfast.jar().resolveSibling("holdfast-ctl.jar");
    return Holdfast.command(jar, List.of("-Dholdfast.command=./holdfast"), all);
  }

  private Holdfast.Ended ctl(String... arguments) throws IOException, InterruptedException {
    try (Holdfast ctl = Holdfast.startCommand(command(arguments), folder)) {
      return ctl.awaitEnd();
    }
  }

  private String done(String... arguments) throws IOException, InterruptedException {
    Holdfast.Ended ended = ctl(arguments);
    assertEquals(List.of(), ended.err());
    assertEquals(0, ended.status());
    return ended.out();
  }

  @Test
  @DisplayName("a machine is shown, changed, moved and ended, with the shell's words")
  void session() throws Exception {
    assertEquals("the machine is up\n", done("q", "status"));
    assertTrue(done("q", "ram:list").startsWith("ID      SIZE  STATE"));
    assertTrue(
        done("unix:q", "show", "m0").startsWith("memory backend 'm0' (memory-backend-file)"));
    assertEquals(
        "memory backend 'm1' was added\n",
        done("q", "object_add", "memory-backend-ram,id=m1,size=1M"));
    assertTrue(
        done("q", "device_add", "pc-dimm,id=d1,memdev=m1")
            .startsWith("device 'd1' was plugged at"));
    assertEquals("memory backend 'm0': dump=off\n", done("q", "set", "m0", "dump", "off"));
    assertEquals(
        "4096 bytes from offset 0 are durable (granularity page)\n",
        done("q", "persist", "m0", "0", "4K"));
    List<String> swap = done("q", "swap", "m0", "mem-path=G").lines().toList();
    assertEquals("swap of memory backend 'm0'", swap.getFirst());
    assertTrue(swap.getLast().startsWith("swap 1 of 'm0' to G: done: 16M copied"), swap::toString);
    assertEquals(swap.size(), swap.stream().distinct().count(), swap::toString);
    assertEquals(swap.getLast() + "\n", done("q", "swaps", "m0"));
    String summary = done("q", "machine:status");
    assertTrue(summary.startsWith("the machine is up\n  since         20"), summary);
    assertTrue(summary.contains("  door          unix:q\n"), summary);
    Path files = folder.resolve("files").toAbsolutePath();
    String written = done("q", "options", "-files", files.toString());
    assertTrue(written.endsWith("\n" + files.resolve("holdfast.machine.cfg") + "\n"), written);
    assertEquals(written.lines().count(), files.toFile().list().length);
    assertEquals("the machine is up; its guest writers are stopped\n", done("q", "pause"));
    assertEquals("the machine is up\n", done("q", "resume"));
    assertTrue(done("q", "help", "swap").contains("-max-bandwidth SIZE"));
    assertEquals("", done("q", "quit"));
    assertEquals(0, machine.awaitEnd().status());
    assertFalse(Files.exists(folder.resolve("q")));
  }

  @Test
  @DisplayName("files outside of the folders that the machine was started with can't be named")
  void confined() throws Exception {
    Path outside = scratch.resolve("outside");
    String refusal = "is not in a folder that x-monitor-folders allows";
    for (List<String> command :
        List.of(
            List.of("object_add", "memory-backend-file,id=m1,size=1M,mem-path=" + outside),
            List.of("object_add", "memory-backend-file,id=m1,size=1M,mem-path=../outside"),
            List.of("object_add", "memory-backend-file,id=m1,size=1M,mem-path=N,x-standby=../s"),
            List.of("set", "m0", "x-standby", "../outside"),
            List.of("swap", "m0", "mem-path=" + outside),
            List.of("swap", "m0", "mem-path=" + outside, "-plan"),
            List.of("options", "-files", "" + outside),
            List.of("evacuate", "m0", "" + outside))) {
      List<String> words = new ArrayList<>(List.of("q"));
      words.addAll(command);
      String said = ctl(words.toArray(String[]::new)).refusal();
      assertTrue(said.contains(refusal), said);
    }
    assertFalse(Files.exists(outside));
    assertFalse(Files.exists(folder.resolve("N")));
    done("q", "object_add", "memory-backend-file,id=m1,size=1M,mem-path=N");
    assertTrue(done("q", "options").contains("x-monitor-folders=."));
  }

  @Test
  @DisplayName("with -json the answer is the monitor's, on one line")
  void json() throws Exception {
    assertEquals(Map.of("status", "running", "running", true), one("q", "status", "-json"));
    assertEquals(
        "m0", ((Map<?, ?>) ((List<?>) one("q", "show", "-json", "m0")).getFirst()).get("id"));
    assertEquals(Map.of("granularity", "page"), one("q", "-json", "persist", "m0"));
    assertEquals("done", ((Map<?, ?>) one("q", "swap", "m0", "mem-path=G", "-json")).get("phase"));
    assertEquals(Map.of("status", "running", "running", true), one("-json", "q", "status"));
    assertEquals(Map.of(), one("q", "quit", "-json"));
  }

  private Object one(String... arguments) throws Exception {
    String out = done(arguments);
    assertEquals(1, out.lines().count(), out);
    return JSON.std.anyFrom(out);
  }

  @Test
  @DisplayName("what is not done is one sentence and status 1, and says what to do")
  void failures() throws Exception {
    assertTrue(ctl("q", "show", "m7").refusal().contains("there is no memory backend 'm7'"));
    assertTrue(ctl("q", "shwo", "m0").refusal().contains("did you mean show?"));
    assertTrue(ctl("q", "swap", "m0").refusal().contains("PROPERTIES is missing"));
    assertTrue(ctl("none", "list").refusal().contains("there is no such file"));
    assertTrue(ctl("F", "list").refusal().contains("it is no socket"));
    assertTrue(ctl().refusal().contains("the socket is missing"));
    assertTrue(ctl("-json").refusal().contains("the socket is missing"));
    String help = done("q", "help");
    int column = help.indexOf("says what the machine is");
    assertTrue(help.contains("\nquit" + " ".repeat(column - 4) + "ends the machine"), help);
    assertTrue(help.lines().allMatch(line -> line.length() <= 60), help);
    assertTrue(done("q", "help", "quit").startsWith("quit: ends the machine"));
    assertTrue(ctl("q", "quit", "now").refusal().contains("quit takes no arguments"));
    Files.setPosixFilePermissions(
        folder.resolve("q"), PosixFilePermissions.fromString("rw-------"));
    machine.kill();
    assertTrue(ctl("q", "list").refusal().contains("the machine that made it is gone"));
  }

  @Test
  @DisplayName(
      "without a terminal the lines of standard input are commands, as far as one that fails")
  void script() throws Exception {
    Files.writeString(folder.resolve("script"), "status\n\nset m0 dump off\nnonsense\nquit\n");
    List<String> command = new ArrayList<>(List.of("sh", "-c", "exec \"$@\" < script", "sh"));
    command.addAll(command("q"));
    try (Holdfast ctl = Holdfast.startCommand(command, folder)) {
      Holdfast.Ended ended = ctl.awaitEnd();
      assertEquals("the machine is up\nmemory backend 'm0': dump=off\n", ended.out());
      assertEquals(
          List.of("holdfast: there is no command nonsense; help lists those there are"),
          ended.err());
      assertEquals(1, ended.status());
    }
    done("q", "status");
  }

  @Test
  @DisplayName(
      "a pid file is refused while the process lives that has it, taken over later, and removed")
  void pidFile() throws Exception {
    List<String> command =
        List.of("-m", "16M", "-qmp", "unix:p,server=on,wait=off", "-pidfile", "pid");
    try (Holdfast killed = Holdfast.start(folder, command)) {
      awaitSocket(killed);
      String number = Files.readString(folder.resolve("pid"));
      assertTrue(
          Holdfast.run(folder, "-m", "16M", "-pidfile", "pid")
              .refusal()
              .contains("process " + number.strip() + " has it, and lives"));
      killed.kill();
    }
    Files.delete(folder.resolve("p"));
    assertTrue(Files.exists(folder.resolve("pid")));
    try (Holdfast next = Holdfast.start(folder, command)) {
      awaitSocket(next);
      next.terminate();
      assertEquals(143, next.awaitEnd().status());
    }
    assertFalse(Files.exists(folder.resolve("pid")));
  }

  /** Receives datagrams at the abstract name in its argument, and prints them. */
  private static final String SERVICE_MANAGER =
      """
      use Socket; $| = 1; socket(my $s, AF_UNIX, SOCK_DGRAM, 0) or die;
      bind($s, pack_sockaddr_un("\\0" . $ARGV[0])) or die; print "listening\\n";
      while (recv($s, my $text, 1000, 0) || 1) { print "$text\\n"; }
      """;

  @Test
  @DisplayName("a service manager is told when the machine is up, and when it ends")
  void readiness() throws Exception {
    String name = "holdfast-" + folder.getParent().getFileName();
    try (Holdfast manager =
        Holdfast.startCommand(List.of("perl", "-e", SERVICE_MANAGER, name), folder)) {
      manager.awaitOutput("listening");
      try (Holdfast started =
          Holdfast.start(List.of("env", "NOTIFY_SOCKET=@" + name), folder, List.of("-m", "16M"))) {
        manager.awaitOutput("READY=1\nSTATUS=the machine is up\n");
        started.terminate();
        manager.awaitOutput("STOPPING=1\nSTATUS=the machine ends\n");
        assertEquals(128 + 15, started.awaitEnd().status());
      }
    }
  }

  private void awaitSocket(Holdfast started) throws InterruptedException {
    long limit = System.nanoTime() + TimeUnit.SECONDS.toNanos(LIMIT_SECONDS);
    while (!Files.exists(folder.resolve("p"))) {
      assertTrue(System.nanoTime() < limit);
      started.runFor(20);
    }
  }

  private Terminal terminal(String... arguments) throws IOException {
    List<String> all = command(arguments);
    List<String> command = new ArrayList<>(List.of(all.getFirst(), "-Duser.home=" + scratch));
    command.addAll(all.subList(2, all.size()));
    return new Terminal(folder, command);
  }

  @Test
  @DisplayName("Ctrl-C ends the waiting for a swap, which goes on; the line says how to cancel it")
  void interrupted() throws Exception {
    try (Terminal terminal = terminal("q", "swap", "m0", "mem-path=G", "-max-bandwidth", "1M")) {
      terminal.await("\r\u001b[K\u001b[?7lswap 1 of 'm0' to G: copy");
      terminal.type(CTRL_C);
      terminal.await(
          "holdfast: the swap goes on; ./holdfast ctl q swaps m0 shows how far it is, ./holdfast ctl"
              + " q swap m0 -cancel ends it");
      assertEquals(130, terminal.status());
    }
    assertTrue(done("q", "swaps", "m0").contains("copy"));
    assertTrue(done("q", "swap", "m0", "-cancel").contains("rolled back"));
  }

  @Test
  @DisplayName(
      "alone it is a shell, which completes what is typed; Ctrl-C ends the waiting, Ctrl-D the shell")
  void shell() throws Exception {
    Files.createDirectory(folder.resolve("images"));
    try (Terminal terminal = terminal("q")) {
      terminal.await("the machine is up");
      terminal.await(PROMPT);
      terminal.type("sho\tm\t\r");
      terminal.await("memory backend 'm0'");
      terminal.await(PROMPT);
      terminal.type("swap m\tmem-\t" + folder.toAbsolutePath() + "/ima\tG -pl\t\r");
      terminal.await("-> " + folder.toAbsolutePath() + "/images/G");
      terminal.await(PROMPT);
      terminal.type("set m0 dum\tof\t\r");
      terminal.await("memory backend 'm0': dump=off");
      terminal.await(PROMPT);
      terminal.type("nonsense\r");
      terminal.await("holdfast: there is no command nonsense");
      terminal.await(PROMPT);
      terminal.type("swap m0 mem-path=G -max-bandwidth 1M\r");
      terminal.await("copied");
      terminal.type(CTRL_C);
      terminal.await("the swap goes on");
      terminal.await(PROMPT);
      terminal.type("swap m0 -cancel\r");
      terminal.await("rolled back");
      terminal.await(PROMPT);
      terminal.type("quit\r");
      terminal.await("End the machine?");
      terminal.type("n\r");
      terminal.await(PROMPT);
      terminal.type("half a line" + CTRL_C);
      terminal.await(PROMPT);
      terminal.type(CTRL_D);
      assertEquals(0, terminal.status());
      assertFalse(terminal.screen().contains("Exception"), terminal.screen());
    }
    done("q", "status");
    assertTrue(Files.readString(scratch.resolve(".holdfast.history")).contains("swap m0 -cancel"));
  }
}
