package holdfast.monitor.qmp.internal.server;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import holdfast.machine.admin.MigrationState;
import holdfast.machine.admin.Ownership;
import holdfast.machine.config.QmpDefinition;
import holdfast.machine.core.FakeMigration;
import holdfast.machine.core.OpenMachine;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Migrations as a QMP client of QEMU's sees them; nothing moves. */
@Timeout(60)
class MigrationCommandsTest {
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

  private Map<?, ?> map(String command, Object... arguments) throws IOException {
    return (Map<?, ?>) client.run(command, arguments);
  }

  private void turn(String capability, boolean on) throws IOException {
    assertEquals(
        Map.of(),
        client.run(
            "migrate-set-capabilities",
            "capabilities",
            List.of(Map.of("capability", capability, "state", on))));
  }

  /** The names and data of the events that a command finds told. */
  private List<String> told() throws IOException {
    client.run("query-status");
    return client.events.stream()
        .map(
            event ->
                event.get("event")
                    + (("" + event.get("event")).startsWith("X_HOLDFAST_M")
                        ? ""
                        : " " + event.getOrDefault("data", "")))
        .map(String::strip)
        .toList();
  }

  @Test
  @DisplayName("query-migrate: nothing at first, then QEMU's members with what is known")
  void query() throws IOException {
    assertEquals(Map.of(), client.run("query-migrate"));
    assertEquals(Map.of(), client.run("migrate", "uri", "tcp:b:1", "detach", true, "blk", false));
    assertEquals(List.of("migrate tcp:b:1"), there.migration.asked());

    there.migration.become(MigrationState.ACTIVE, 2);
    Map<?, ?> info = map("query-migrate");
    assertEquals("active", info.get("status"));
    assertEquals(1500, info.get("total-time"));
    assertEquals(3, info.get("setup-time"));
    assertEquals(375, info.get("expected-downtime"));
    assertFalse(info.containsKey("downtime"));
    assertFalse(info.containsKey("error-desc"));
    assertEquals("tcp:b:1", info.get("x-holdfast-address"));
    assertEquals(false, info.get("x-holdfast-ended"));
    Map<?, ?> ram = (Map<?, ?>) info.get("ram");
    assertEquals(64 << 20, ram.get("total"));
    assertEquals(12 << 20, ram.get("transferred"));
    assertEquals(3 << 20, ram.get("remaining"));
    assertEquals(13312, ram.get("duplicate"));
    assertEquals(3072, ram.get("normal"));
    assertEquals(12 << 20, ram.get("normal-bytes"));
    assertEquals(700, ram.get("dirty-pages-rate"));
    assertEquals(67.108864, (double) ram.get("mbps"), 1e-9);
    assertEquals(2, ram.get("dirty-sync-count"));
    assertEquals(4096, ram.get("page-size"));
    assertEquals(2048, ram.get("pages-per-second"));

    there.migration.become(MigrationState.FAILED, 2);
    assertEquals("failed", map("query-migrate").get("status"));
    assertEquals("the peer is gone", map("query-migrate").get("error-desc"));
  }

  @Test
  @DisplayName("query-migrate: at a destination that waits, where a guest can be sent to")
  void waiting() throws IOException {
    for (var one :
        Map.of(
                "unix:/run/in", Map.of("type", "unix", "path", "/run/in"),
                "tcp:b:4444", Map.of("type", "inet", "host", "b", "port", "4444"),
                "tcp:[::1]:44", Map.of("type", "inet", "host", "::1", "port", "44"))
            .entrySet()) {
      there.migration.become(FakeMigration.waiting(one.getKey()));
      Map<?, ?> info = map("query-migrate");
      assertEquals(List.of(one.getValue()), info.get("socket-address"));
      assertEquals(one.getKey(), info.get("x-holdfast-address"));
      assertFalse(info.containsKey("status"));
    }
  }

  @Test
  @DisplayName("what QEMU knows and isn't here is refused by name, and asks nobody for anything")
  void refusals() throws IOException {
    client.assertFails("GenericError", "Parameter 'uri' is missing", "migrate");
    for (String flag : List.of("blk", "inc", "resume")) {
      client.assertFails(
          "GenericError",
          "Parameter '" + flag + "' can only be false here",
          "migrate",
          "uri",
          "tcp:b:1",
          flag,
          true);
    }
    client.assertFails(
        "GenericError",
        "Parameter 'uri' expects a valid migration protocol",
        "migrate",
        "uri",
        "exec:cat");
    client.assertFails(
        "GenericError",
        "Parameter 'downtime-limit' expects",
        "migrate-set-parameters",
        "downtime-limit",
        -1);
    client.assertFails(
        "GenericError",
        "Parameter 'downtime-limit' expects an integer in the range of 0 to 2000000",
        "migrate-set-parameters",
        "max-bandwidth",
        1,
        "downtime-limit",
        2_000_001);
    client.assertFails(
        "GenericError",
        "Parameter 'multifd-channels' is unexpected",
        "migrate-set-parameters",
        "multifd-channels",
        2);
    client.assertFails(
        "GenericError",
        "Parameter 'x-holdfast-peer' does not accept value xen",
        "migrate-set-parameters",
        "x-holdfast-peer",
        "xen");
    client.assertFails(
        "GenericError",
        "nothing is to be decided",
        "x-holdfast-migrate-decide",
        "decision",
        "here");
    assertEquals(List.of(), there.migration.asked());
  }

  @Test
  @DisplayName("parameters are QEMU's, with QEMU's defaults and ours beside them")
  void parameters() throws IOException {
    assertEquals(
        Map.of(
            "downtime-limit",
            300,
            "max-bandwidth",
            128 << 20,
            "x-holdfast-peer",
            "holdfast",
            "x-holdfast-peer-machine",
            "none",
            "x-holdfast-tls-dir",
            "",
            "tls-hostname",
            ""),
        client.run("query-migrate-parameters"));
    client.run("migrate-set-parameters", "downtime-limit", 20, "x-holdfast-peer", "qemu");
    assertEquals(20, map("query-migrate-parameters").get("downtime-limit"));
    assertEquals("qemu", map("query-migrate-parameters").get("x-holdfast-peer"));
    assertEquals(128 << 20, map("query-migrate-parameters").get("max-bandwidth"));

    Map<?, ?> begun =
        map(
            "x-holdfast-migrate",
            "uri",
            "tcp:b:1",
            "parameters",
            Map.of("max-bandwidth", 1, "tls-hostname", "b"));
    assertEquals("setup", begun.get("status"));
    assertEquals(
        List.of(
            "set {downtime-limit=20, x-holdfast-peer=qemu}",
            "set {max-bandwidth=1, tls-hostname=b}",
            "migrate tcp:b:1"),
        there.migration.asked());
  }

  @Test
  @DisplayName(
      "capabilities: all off; events alone can be turned on, and a list is taken as a whole")
  void capabilities() throws IOException {
    List<?> all = (List<?>) client.run("query-migrate-capabilities");
    assertTrue(all.contains(Map.of("capability", "multifd", "state", false)));
    assertTrue(all.stream().noneMatch(one -> ((Map<?, ?>) one).get("state").equals(true)));
    client.assertFails(
        "GenericError",
        "capability 'multifd' can't be turned on",
        "migrate-set-capabilities",
        "capabilities",
        List.of(
            Map.of("capability", "events", "state", true),
            Map.of("capability", "multifd", "state", true)));
    client.assertFails(
        "GenericError",
        "Parameter 'capability' does not accept value nope",
        "migrate-set-capabilities",
        "capabilities",
        List.of(Map.of("capability", "nope", "state", false)));
    client.assertFails(
        "GenericError",
        "Parameter 'capabilities' expects objects",
        "migrate-set-capabilities",
        "capabilities",
        List.of(Map.of("capability", "events")));
    assertEquals(all, client.run("query-migrate-capabilities"));
    turn("multifd", false);
    turn("events", true);
    assertEquals(
        List.of(Map.of("capability", "events", "state", true)),
        ((List<?>) client.run("query-migrate-capabilities"))
            .stream().filter(one -> ((Map<?, ?>) one).get("state").equals(true)).toList());
  }

  @Test
  @DisplayName(
      "the events of a migration that succeeds are QEMU's, in QEMU's order, with ours between")
  void events() throws IOException {
    turn("events", true);
    client.run("migrate", "uri", "tcp:b:1");
    assertEquals(List.of("MIGRATION", "X_HOLDFAST_MIGRATION"), client.eventNames());
    there.migration.become(MigrationState.ACTIVE, 1);
    there.become(Ownership.OWNER, true);
    there.migration.become(MigrationState.ACTIVE, 2);
    there.become(Ownership.MOVED, true);
    there.migration.become(MigrationState.COMPLETED, 2);

    assertEquals(
        List.of(
            "MIGRATION_PASS {pass=1}",
            "MIGRATION {status=active}",
            "X_HOLDFAST_MIGRATION",
            "STOP",
            "MIGRATION_PASS {pass=2}",
            "X_HOLDFAST_MIGRATION",
            "X_HOLDFAST_STATUS {phase=up, ownership=moved}",
            "MIGRATION {status=completed}",
            "X_HOLDFAST_MIGRATION"),
        told());
    Map<?, ?> last = (Map<?, ?>) client.events.getLast().get("data");
    assertEquals(client.run("query-migrate"), last);

    client.run("migrate", "uri", "tcp:c:1");
    there.migration.become(MigrationState.ACTIVE, 1);
    assertTrue(told().contains("MIGRATION_PASS {pass=1}"), "each begins to count anew");
  }

  @Test
  @DisplayName("without the capability our event alone tells of a migration")
  void noEvents() throws IOException {
    client.run("migrate", "uri", "tcp:b:1");
    there.migration.become(MigrationState.ACTIVE, 1);
    assertEquals(List.of("X_HOLDFAST_MIGRATION"), told());
  }

  @Test
  @DisplayName("a destination: inmigrate, then RESUME before completed, and it runs")
  void incoming() throws IOException {
    turn("events", true);
    there.become(Ownership.AWAITED, true);
    assertEquals(Map.of("status", "inmigrate", "running", false), client.run("query-status"));
    client.run("migrate-incoming", "uri", "unix:/s");
    assertEquals(List.of("listen unix:/s"), there.migration.asked());
    assertEquals(true, map("query-migrate").get("x-holdfast-incoming"));
    there.migration.become(MigrationState.ACTIVE, 0);
    there.become(Ownership.OWNER, false);
    there.migration.become(MigrationState.COMPLETED, 0);

    assertEquals(
        List.of(
            "MIGRATION {status=active}",
            "X_HOLDFAST_MIGRATION",
            "RESUME",
            "X_HOLDFAST_STATUS {phase=up}",
            "MIGRATION {status=completed}",
            "X_HOLDFAST_MIGRATION"),
        told());
    assertEquals(Map.of("status", "running", "running", true), client.run("query-status"));
  }

  @Test
  @DisplayName("a guest that has moved, or may have: QEMU's words, or a reason where it has none")
  void ownership() throws IOException {
    there.become(Ownership.MOVED, true);
    assertEquals(Map.of("status", "postmigrate", "running", false), client.run("query-status"));
    assertEquals(
        "VM status: paused (postmigrate)\r\n",
        client.run("human-monitor-command", "command-line", "info status"));

    there.become(Ownership.UNDECIDED, true);
    Map<?, ?> status = map("query-status");
    assertEquals("paused", status.get("status"));
    assertTrue(("" + status.get("x-holdfast-reason")).contains("has to be decided"));

    client.run("migrate", "uri", "tcp:b:1");
    there.migration.become(MigrationState.UNDECIDED, 2);
    assertEquals("x-holdfast-undecided", map("query-migrate").get("status"));
    assertEquals(true, map("query-migrate").get("x-holdfast-ended"));
    assertEquals(
        "completed",
        map("x-holdfast-migrate-decide", "decision", "elsewhere", "proof", "p").get("status"));
    assertEquals("decide ELSEWHERE p", there.migration.asked().getLast());
  }

  private String human(String line) throws IOException {
    return (String) client.run("human-monitor-command", "command-line", line);
  }

  @Test
  @DisplayName("the commands for people are QEMU's")
  void humanMonitor() throws IOException {
    assertEquals("", human("info migrate"));
    assertEquals("", human("migrate -d tcp:b:1"));
    there.migration.become(MigrationState.ACTIVE, 2);
    String info = human("info  migrate");
    assertTrue(info.startsWith("Migration status: active\r\ntotal time: 1500 ms\r\n"), info);
    assertTrue(info.contains("\r\nthroughput: 67.11 mbps\r\n"), info);
    assertTrue(info.contains("\r\nremaining ram: 3072 kbytes\r\n"), info);
    assertEquals("", human("migrate_cancel"));
    assertEquals("Migration status: cancelled\r\n", human("info migrate").substring(0, 29));

    assertEquals("", human("migrate_set_parameter max-bandwidth 200"));
    assertEquals("", human("migrate_set_parameter downtime-limit 20"));
    String parameters = human("info migrate_parameters");
    assertTrue(parameters.contains("downtime-limit: 20 ms\r\n"), parameters);
    assertTrue(parameters.contains("max-bandwidth: 209715200 bytes/second\r\n"), parameters);
    assertTrue(parameters.contains("tls-hostname: ''\r\n"), parameters);
    assertEquals("", human("migrate_set_capability events on"));
    assertTrue(human("info migrate_capabilities").contains("events: on\r\n"));
    assertEquals("", human("migrate_incoming tcp:c:1"));
    assertEquals(
        List.of(
            "migrate tcp:b:1",
            "cancel",
            "set {max-bandwidth=209715200}",
            "set {downtime-limit=20}",
            "listen tcp:c:1"),
        there.migration.asked());
    assertTrue(human("migrate tcp:b:1").startsWith("this command does not wait"));

    assertEquals("Error: write migrate [-d] URI\r\n", human("migrate"));
    assertTrue(human("migrate -b tcp:b:1").startsWith("Error: "));
    assertTrue(human("migrate -b").startsWith("Error: there is no option -b"));
    assertTrue(human("migrate_set_parameter nope 1").startsWith("Error: "));
    assertTrue(human("migrate_set_capability multifd on").startsWith("Error: "));
    assertTrue(human("info nonsense").startsWith("unknown command: "));
    assertTrue(human("help").contains("migrate_cancel -- "));
  }

  @Test
  @DisplayName("the schema has each command and event, with what query-migrate may answer")
  void schema() throws IOException {
    List<?> schema = (List<?>) client.run("query-qmp-schema");
    Set<String> names =
        schema.stream().map(one -> "" + ((Map<?, ?>) one).get("name")).collect(Collectors.toSet());
    assertTrue(
        names.containsAll(
            List.of(
                "migrate",
                "migrate-incoming",
                "migrate_cancel",
                "query-migrate",
                "migrate-set-parameters",
                "query-migrate-parameters",
                "migrate-set-capabilities",
                "query-migrate-capabilities",
                "x-holdfast-migrate",
                "x-holdfast-migrate-decide",
                "MIGRATION",
                "MIGRATION_PASS",
                "X_HOLDFAST_MIGRATION")));
    client.run("migrate", "uri", "tcp:b:1");
    there.migration.become(MigrationState.UNDECIDED, 2);
    Map<?, ?> info = map("query-migrate");
    Object type =
        schema.stream()
            .map(one -> (Map<?, ?>) one)
            .filter(one -> "query-migrate".equals(one.get("name")))
            .findFirst()
            .orElseThrow()
            .get("ret-type");
    Map<?, ?> described =
        schema.stream()
            .map(one -> (Map<?, ?>) one)
            .filter(one -> one.get("name").equals(type))
            .findFirst()
            .orElseThrow();
    Set<Object> members =
        ((List<?>) described.get("members"))
            .stream()
                .map(one -> (Object) ((Map<?, ?>) one).get("name"))
                .collect(Collectors.toSet());
    assertTrue(members.containsAll(info.keySet()), () -> members + " " + info.keySet());
  }
}
