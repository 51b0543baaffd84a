package holdfast.itest;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.fasterxml.jackson.jr.ob.JSON;
import holdfast.itest.MigrationWire.Frame;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;

/** A guest moves from one process to another, and one of them, or what is between them, fails. */
@Timeout(300)
@Execution(ExecutionMode.CONCURRENT)
class MigrationIT {
  private static final int SIZE = 4 << 20;
  private static final String PROGRESS = "X_HOLDFAST_MIGRATION";
  private static final String INCOMING = "unix:in";

  /** Dozens of processes start here, each for a second or two. */
  private static final List<String> QUICK = List.of("-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1");

  @TempDir(factory = OnBuildDisk.class)
  Path scratch;

  @BeforeEach
  void makeFolders() throws IOException {
    for (String name : List.of("here", "there", "elsewhere")) {
      Files.createDirectory(scratch.resolve(name));
    }
    byte[] content = new byte[SIZE];
    new Random(4711).nextBytes(content);
    Files.write(file("here"), content);
  }

  private Path file(String side) {
    return scratch.resolve(side).resolve("F");
  }

  private static List<String> machine(String... more) {
    List<String> all =
        new ArrayList<>(
            List.of(
                "-machine",
                "pc,nvdimm=on,x-monitor-folders=..",
                "-m",
                "16M,slots=4,maxmem=1G",
                "-object",
                "memory-backend-file,id=m0,mem-path=F,size=4M,share=on",
                "-device",
                "nvdimm,id=nv0,memdev=m0",
                "-qmp",
                "unix:q,server=on,wait=off"));
    all.addAll(List.of(more));
    return all;
  }

  /** A machine that runs in a folder of its own. */
  private static final class Side implements AutoCloseable {
    private final Path folder;
    private final Holdfast process;
    private final QmpClient monitor;

    private Side(Path folder, Holdfast process, QmpClient monitor) {
      this.folder = folder;
      this.process = process;
      this.monitor = monitor;
    }

    Map<?, ?> status() throws IOException {
      return (Map<?, ?>) monitor.run("query-status", Map.of());
    }

    void assertStatus(String wanted) throws IOException {
      assertEquals(wanted, status().get("status"), this::toString);
    }

    Map<?, ?> migration() throws IOException {
      return (Map<?, ?>) monitor.run("query-migrate", Map.of());
    }

    void migrate(String address) throws IOException {
      monitor.events().clear();
      monitor.run("migrate", Map.of("uri", address));
    }

    /** Waits for the end of a migration, or for what is like one; returns why it is. */
    String await(String state) throws IOException {
      Map<?, ?> data = monitor.await(PROGRESS, one -> one.get("x-holdfast-ended").equals(true));
      monitor.events().clear();
      assertEquals(state, data.get("status"), data::toString);
      return "" + data.get("error-desc");
    }

    String ctl(String... words) throws IOException, InterruptedException {
      List<String> all = new ArrayList<>(List.of("ctl", "q"));
      all.addAll(List.of(words));
      Path jar = Holdfast.jar().resolveSibling("holdfast-ctl.jar");
      try (Holdfast ctl = Holdfast.startCommand(Holdfast.command(jar, QUICK, all), folder)) {
        Holdfast.Ended ended = ctl.awaitEnd();
        assertEquals(List.of(), ended.err());
        assertEquals(0, ended.status());
        return ended.out();
      }
    }

    void kill() throws IOException, InterruptedException {
      process.kill();
      monitor.close();
    }

    void quit() throws IOException, InterruptedException {
      monitor.run("quit", Map.of());
      assertEquals(0, process.awaitEnd().status());
      monitor.close();
    }

    @Override
    public String toString() {
      return folder.getFileName() + ": " + monitor.events();
    }

    @Override
    public void close() throws IOException {
      process.close();
      monitor.close();
    }
  }

  private Holdfast launch(String name, String... more) throws IOException {
    return Holdfast.startCommand(
        Holdfast.command(Holdfast.jar(), QUICK, machine(more)), scratch.resolve(name));
  }

  private Side start(String name, String... more) throws IOException, InterruptedException {
    Path folder = scratch.resolve(name);
    Holdfast process = launch(name, more);
    try {
      QmpClient monitor = QmpClient.at(folder.resolve("q"), process);
      monitor.run(
          "migrate-set-capabilities",
          Map.of("capabilities", List.of(Map.of("capability", "events", "state", true))));
      return new Side(folder, process, monitor.awaitUp());
    } catch (IOException | RuntimeException | Error e) {
      process.close();
      throw e;
    }
  }

  private String refusedStart(String name) throws IOException, InterruptedException {
    try (Holdfast refused = launch(name)) {
      return refused.awaitEnd().refusal();
    }
  }

  private void assertArrived(String name) throws IOException {
    assertEquals(-1, Files.mismatch(file("here"), file(name)));
  }

  private Map<String, Object> note(String name) throws IOException {
    try (Stream<Path> files = Files.list(scratch.resolve(name))) {
      Path note = files.filter(one -> one.toString().endsWith(".migration.json")).findAny().get();
      return JSON.std.mapFrom(Files.readString(note));
    }
  }

  private List<String> left(String name) throws IOException {
    try (Stream<Path> files = Files.list(scratch.resolve(name))) {
      return files.map(one -> one.getFileName().toString()).sorted().toList();
    }
  }

  /** The names of QEMU's events, with the state of a migration; each round is one of any number. */
  private static List<String> story(Side side) {
    List<String> all = new ArrayList<>();
    for (Map<String, Object> event : side.monitor.events()) {
      String name = (String) event.get("event");
      if (name.equals("MIGRATION")) {
        all.add((String) ((Map<?, ?>) event.get("data")).get("status"));
      } else if (!name.startsWith("X_") && !name.equals("MIGRATION_PASS")) {
        all.add(name);
      }
    }
    return all;
  }

  @Test
  @DisplayName(
      "a guest moves with all its bytes; afterwards the source refuses to go on, and to be started"
          + " from its file, and the destination is an ordinary machine")
  void moves() throws Exception {
    try (Side there = start("there", "-incoming", INCOMING);
        Side here = start("here")) {
      there.assertStatus("inmigrate");
      assertEquals(Map.of(), here.migration());
      for (String outside : List.of("unix:/nowhere/s", "file:/nowhere/f", "unix:../../s")) {
        String why = here.monitor.refused("migrate", Map.of("uri", outside));
        assertTrue(why.contains("x-monitor-folders"), why);
        why = there.monitor.refused("migrate-incoming", Map.of("uri", outside));
        assertTrue(why.contains("x-monitor-folders"), why);
      }
      assertTrue(
          here.monitor.refused("migrate-incoming", Map.of("uri", "unix:x")).contains("-incoming"));
      assertTrue(there.monitor.refused("cont", Map.of()).contains("not here yet"));
      here.monitor.events().clear();
      there.monitor.events().clear();

      String said = here.ctl("migrate", "unix:../there/in");
      assertTrue(said.contains("migration to unix:../there/in: completed: "), said);
      assertTrue(said.contains("guest writers stopped for "), said);

      there.monitor.await("MIGRATION", data -> data.get("status").equals("completed"));
      here.assertStatus("postmigrate");
      there.assertStatus("running");
      assertEquals("completed", here.migration().get("status"));
      assertEquals("completed", there.migration().get("status"));
      assertEquals(List.of("setup", "active", "STOP", "device", "completed"), story(here));
      assertEquals(List.of("setup", "active", "device", "RESUME", "completed"), story(there));
      assertTrue(here.monitor.refused("cont", Map.of()).contains("left for another machine"));
      assertTrue(
          here.monitor.refused("migrate", Map.of("uri", "unix:../there/in")).contains("left"));
      assertArrived("there");
      here.quit();
      there.quit();
    }
    String why = refusedStart("here");
    assertTrue(why.contains("its guest has moved to unix:../there/in"), why);
    assertEquals(List.of("F"), left("there"));
    try (Side there = start("there")) {
      there.assertStatus("running");
      there.quit();
    }
  }

  @Test
  @DisplayName(
      "with -incoming defer an operator says where, a free port among others, and with TLS only"
          + " whom the CA knows is let in")
  void tls() throws Exception {
    assumeTrue(
        Stream.of(System.getenv("PATH").split(":"))
            .anyMatch(place -> Files.isExecutable(Path.of(place, "openssl"))),
        "openssl isn't here: install it");
    makeCertificates(Files.createDirectory(scratch.resolve("tls")));
    Map<String, String> tls = Map.of("x-holdfast-tls-dir", "../tls");
    try (Side there = start("there", "-incoming", "defer");
        Side here = start("here")) {
      there.assertStatus("inmigrate");
      there.monitor.run("migrate-set-parameters", tls);
      there.ctl("migrate_incoming", "tcp:127.0.0.1:0");
      String address = "" + there.migration().get("x-holdfast-address");
      assertTrue(address.matches("tcp:127\\.0\\.0\\.1:[1-9]\\d*"), address);
      assertTrue(there.ctl("migration").startsWith("no migration has come yet to " + address));
      here.migrate(address);
      here.await("failed");
      here.assertStatus("running");
      here.monitor.run("migrate-set-parameters", tls);
      here.migrate(address);
      assertEquals("null", here.await("completed"));
      there.monitor.await("MIGRATION", data -> data.get("status").equals("completed"));
      there.assertStatus("running");
      assertArrived("there");
    }
  }

  private static void makeCertificates(Path folder) throws Exception {
    String script =
        """
        set -e
        umask 077
        new="openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes"
        $new -x509 -days 2 -subj /CN=ca -keyout ca-key.pem -out ca-cert.pem
        echo subjectAltName=IP:127.0.0.1 > san
        for role in server client; do
          $new -subj /CN=$role -keyout $role-key.pem -out request
          openssl x509 -req -days 2 -CA ca-cert.pem -CAkey ca-key.pem -CAcreateserial \\
            -extfile san -in request -out $role-cert.pem
        done
        """;
    try (Holdfast openssl = Holdfast.startCommand(List.of("bash", "-c", script), folder)) {
      Holdfast.Ended ended = openssl.awaitEnd();
      assertEquals(0, ended.status(), ended::toString);
    }
  }

  @Test
  @DisplayName(
      "whoever connects and sends nothing, or anything, or what begins well, keeps no guest from"
          + " coming, at that very moment neither")
  void strangers() throws Exception {
    int port;
    try (ServerSocket free = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      port = free.getLocalPort();
    }
    String address = "tcp:127.0.0.1:" + port;
    List<Socket> strangers = new ArrayList<>();
    try (Side there = start("there", "-incoming", address);
        Side here = start("here")) {
      byte[] noise = new byte[10_000];
      new Random(13).nextBytes(noise);
      for (String said : List.of("GET / HTTP/1.1\r\n\r\n", "HFM1", "", "\n", "HFM1\1\0\0\0\5{}")) {
        for (int time = 0; time < 4; time++) {
          Socket stranger = new Socket(InetAddress.getLoopbackAddress(), port);
          strangers.add(stranger);
          stranger.getOutputStream().write(said.getBytes());
        }
      }
      try (Socket stranger = new Socket(InetAddress.getLoopbackAddress(), port)) {
        stranger.getOutputStream().write(noise);
      }
      there.assertStatus("inmigrate");
      here.migrate(address);
      assertEquals("null", here.await("completed"));
      there.monitor.await("MIGRATION", data -> data.get("status").equals("completed"));
      there.assertStatus("running");
      assertArrived("there");
    } finally {
      for (Socket stranger : strangers) {
        stranger.close();
      }
    }
  }

  /** Begins a migration, and comes back when this frame is on its way. */
  private MigrationWire migrateUpTo(Frame frame, Side from, String to)
      throws IOException, InterruptedException {
    MigrationWire wire =
        MigrationWire.open(scratch.resolve("wire"), scratch.resolve(to).resolve("in"), frame);
    from.migrate("unix:../wire");
    wire.awaitKept();
    return wire;
  }

  private void killedAfter(Frame frame, Side killed, Side from, String to)
      throws IOException, InterruptedException {
    try (MigrationWire _ = migrateUpTo(frame, from, to)) {
      killed.kill();
    }
  }

  @Test
  @DisplayName(
      "when the destination is killed the guest goes on at the source, up to the commit; behind it"
          + " no file can be started from but by who looked at both")
  void destinationKilled() throws Exception {
    try (Side here = start("here")) {
      try (Side there = start("there", "-incoming", INCOMING)) {
        killedAfter(Frame.ACCEPT, there, here, "there");
      }
      here.await("failed");
      here.assertStatus("running");

      try (Side there = start("there", "-incoming", INCOMING)) {
        killedAfter(Frame.RAM, there, here, "there");
      }
      here.await("failed");
      here.assertStatus("running");
      String why = refusedStart("there");
      assertTrue(why.contains("it is the unfinished copy of memory backend 'm0'"), why);

      try (Side there = start("there", "-incoming", INCOMING)) {
        killedAfter(Frame.READY, there, here, "there");
      }
      here.await("failed");
      here.assertStatus("running");
      why = refusedStart("there");
      assertTrue(why.contains("whether the guest has left there is not known here"), why);
      assertFalse(left("here").contains("F.migration.json"));

      try (Side elsewhere = start("elsewhere", "-incoming", INCOMING)) {
        killedAfter(Frame.MOVED, elsewhere, here, "elsewhere");
      }
      why = here.await("x-holdfast-undecided");
      assertTrue(why.contains("ram:migrate_decide here " + note("here").get("proof")), why);
      here.assertStatus("postmigrate");
      assertTrue(here.monitor.refused("cont", Map.of()).contains("left for another machine"));
      why = here.monitor.refused("x-holdfast-migrate-decide", Map.of("decision", "here"));
      assertTrue(why.contains("for good"), why);
      here.quit();
    }
    String why = refusedStart("here");
    assertTrue(why.contains("start the machine that took it in"), why);
    why = refusedStart("elsewhere");
    assertTrue(why.contains("says moved for the migration " + note("here").get("migration")), why);
    Files.delete(scratch.resolve("elsewhere/F.migration.json")); // as the sentence says
    try (Side elsewhere = start("elsewhere")) {
      elsewhere.assertStatus("running");
      assertArrived("elsewhere");
    }
  }

  @Test
  @DisplayName(
      "when the source is killed its file has the guest, up to the commit; behind it the"
          + " destination goes on with the source's proof")
  void sourceKilled() throws Exception {
    try (Side there = start("there", "-incoming", INCOMING)) {
      for (Frame frame : List.of(Frame.ACCEPT, Frame.RAM)) {
        try (Side here = start("here")) {
          killedAfter(frame, here, here, "there");
        }
        there.await("failed");
        there.assertStatus("inmigrate");
      }

      try (Side here = start("here")) {
        killedAfter(Frame.READY, here, here, "there");
      }
      String why = there.await("x-holdfast-undecided");
      assertTrue(why.contains("ram:migrate_decide"), why);
      there.assertStatus("paused");
      assertTrue(there.monitor.refused("cont", Map.of()).contains("has to be decided"));
      why =
          there.monitor.refused(
              "x-holdfast-migrate-decide", Map.of("decision", "here", "proof", "0".repeat(64)));
      assertTrue(why.contains("not the source's proof"), why);
      there.monitor.run("x-holdfast-migrate-decide", Map.of("decision", "elsewhere"));
      there.await("failed");
      there.assertStatus("inmigrate");

      try (Side here = start("here")) {
        killedAfter(Frame.MOVED, here, here, "there");
      }
      there.await("x-holdfast-undecided");
      why = refusedStart("here");
      assertTrue(why.contains("its guest has moved to unix:../wire"), why);
      there.monitor.run(
          "x-holdfast-migrate-decide",
          Map.of("decision", "here", "proof", note("here").get("proof")));
      there.assertStatus("running");
      assertArrived("there");
      there.quit();
    }
    assertEquals(List.of("F"), left("there"));
  }

  @Test
  @DisplayName("when the last word is lost the guest runs at the destination, and there alone")
  void lastWordLost() throws Exception {
    try (Side there = start("there", "-incoming", INCOMING);
        Side here = start("here")) {
      migrateUpTo(Frame.OWNED, here, "there").close();
      assertTrue(here.await("x-holdfast-undecided").contains("look there"));
      there.assertStatus("running");
      here.assertStatus("postmigrate");
      here.monitor.run("x-holdfast-migrate-decide", Map.of("decision", "elsewhere"));
      here.await("completed");
      there.kill();
    }
    assertTrue(refusedStart("here").contains("its guest has moved"));
    try (Side there = start("there")) {
      there.assertStatus("running");
      assertArrived("there");
    }
  }

  @Test
  @DisplayName(
      "the program is exchanged under its guest: the new process has the command line of the old"
          + " one, takes its memory as open files, and at its end its monitor")
  void upgrade() throws Exception {
    Path door = scratch.resolve("here").resolve("in");
    try (Side old = start("here");
        Holdfast next = launch("here", "-incoming", "cpr:in")) {
      awaitFile(door, next);
      String said = old.ctl("migrate", "cpr:in");
      assertTrue(said.contains("migration to cpr:in: completed: "), said);
      old.assertStatus("postmigrate");
      old.quit();
      try (QmpClient monitor = QmpClient.at(scratch.resolve("here/q"), next).awaitUp()) {
        assertEquals("running", ((Map<?, ?>) monitor.run("query-status", Map.of())).get("status"));
        Map<?, ?> came = (Map<?, ?>) monitor.run("query-migrate", Map.of());
        assertEquals("completed", came.get("status"), came::toString);
        String why = refusedStart("here");
        assertTrue(why.contains("q"), why); // its monitor is there, and its file locked
        monitor.run("quit", Map.of());
      }
      assertEquals(0, next.awaitEnd().status());
    }
    assertEquals(List.of("F"), left("here"));
    try (Side again = start("here")) {
      again.assertStatus("running");
      again.quit();
    }
    byte[] content = new byte[SIZE];
    new Random(4711).nextBytes(content);
    assertArrayEquals(content, Files.readAllBytes(file("here")));
  }

  @Test
  @DisplayName(
      "when the new process is killed before it takes over the guest goes on in the old one, and"
          + " when the old one is killed the new one says that nobody knows, or waits on")
  void upgradeKilled() throws Exception {
    Path door = scratch.resolve("here").resolve("in");
    try (Side old = start("here")) {
      try (Holdfast next = launch("here", "-incoming", "cpr:in")) {
        awaitFile(door, next);
        next.kill();
      }
      old.migrate("cpr:in");
      assertTrue(old.await("failed").contains("in"));
      old.assertStatus("running");
      try (Holdfast next = launch("here", "-incoming", "cpr:in")) {
        Files.delete(door); // a socket that the killed one left behind
        awaitFile(door, next);
        old.kill();
        next.terminate(); // SIGTERM ends the wait
        assertEquals(143, next.awaitEnd().status());
      }
    }
    try (Side again = start("here")) {
      again.assertStatus("running");
      again.quit();
    }
    assertEquals(List.of("F"), left("here"));
  }

  private static void awaitFile(Path file, Holdfast process) throws Exception {
    long end = System.nanoTime() + Duration.ofSeconds(60).toNanos();
    while (!Files.exists(file)) {
      assertTrue(System.nanoTime() < end, () -> file + " is not there: " + process);
      Thread.sleep(10);
    }
  }
}
